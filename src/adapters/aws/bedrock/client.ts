import type { Bedrock as ControlPlane } from '@aws-sdk/client-bedrock';
import type {
  BedrockRuntimeClient,
  ConverseCommandInput,
  ConverseCommandOutput,
  GetAsyncInvokeCommandOutput,
  ListAsyncInvokesCommandInput,
  ListAsyncInvokesCommandOutput,
  StartAsyncInvokeCommandInput,
} from '@aws-sdk/client-bedrock-runtime';
import { AppError } from '../../../errors.ts';
import type { BillableKind, CallOptions, JsonValue, OnBillable } from '../../../ports.ts';
import { bedrockError } from './errors.ts';
import { Lifecycle } from './lifecycle.ts';
import { callId, type Model } from './models.ts';
import { type Repeat, repeated } from './retry.ts';

export interface BedrockOptions {
  /** Absent: the SDK's own (AWS_REGION, or that of the AWS profile). */
  region?: string | undefined;
  onBillable?: OnBillable | undefined;
}

/** A call that is billed by itself. */
export interface BilledCall extends CallOptions {
  kind: BillableKind;
  costUsd: number;
  repeat: Repeat;
  /** An answer that does not come in this time is UNAVAILABLE. */
  timeoutSeconds: number;
}

/** Longest wait for an answer of the operations on jobs. */
const JOB_CALL_SECONDS = 50;

interface Sent<T> extends CallOptions {
  model: Model;
  action: string;
  timeoutSeconds: number;
  send: (client: BedrockRuntimeClient, signal: AbortSignal, region: string) => Promise<T>;
}

/**
 * Amazon Bedrock in one region: credentials only by the SDK's chain, HTTP/2 as the SDK does it, every failure an `AppError` (errors.ts). The SDK is loaded at
 * the first call, and a model's state is read before its first one. The SDK's own retries are off: what may be repeated is decided by call.
 */
export class Bedrock {
  readonly #options: BedrockOptions;
  readonly #lifecycle = new Lifecycle((region) => this.#controlPlane(region));
  #runtime: Promise<BedrockRuntimeClient> | undefined;
  #control: Promise<ControlPlane> | undefined;

  constructor(options: BedrockOptions = {}) {
    this.#options = options;
  }

  /** The answer of InvokeModel to a JSON body, parsed. */
  async invoke(model: Model, body: JsonValue, call: BilledCall): Promise<unknown> {
    const { InvokeModelCommand } = await import('@aws-sdk/client-bedrock-runtime');
    const text = await this.#billed(model, call, async (client, abortSignal, region) => {
      const input = { modelId: callId(model, region), contentType: 'application/json', accept: 'application/json', body: JSON.stringify(body) };
      const answer = await client.send(new InvokeModelCommand(input), { abortSignal });
      return answer.body.transformToString();
    });
    return JSON.parse(text) as unknown;
  }

  async converse(model: Model, input: Omit<ConverseCommandInput, 'modelId'>, call: BilledCall): Promise<ConverseCommandOutput> {
    const { ConverseCommand } = await import('@aws-sdk/client-bedrock-runtime');
    return this.#billed(model, call, (client, abortSignal, region) =>
      client.send(new ConverseCommand({ ...input, modelId: callId(model, region) }), { abortSignal }),
    );
  }

  /** Starts a job, once: the same token with the same input is the same job. Its ARN. */
  async startJob(model: Model, job: Omit<StartAsyncInvokeCommandInput, 'modelId'>, call: CallOptions): Promise<string> {
    const { StartAsyncInvokeCommand } = await import('@aws-sdk/client-bedrock-runtime');
    await this.#lifecycle.check(model, await this.region());
    const send: Sent<{ invocationArn: string | undefined }>['send'] = (client, abortSignal, region) =>
      client.send(new StartAsyncInvokeCommand({ ...job, modelId: callId(model, region) }), { abortSignal });
    const sent = { ...call, model, action: 'bedrock:InvokeModel', timeoutSeconds: JOB_CALL_SECONDS, send };
    const { invocationArn } = await this.#send(sent);
    if (invocationArn) return invocationArn;
    throw new AppError('UNAVAILABLE', `${model.title} did not name the job that it started.`);
  }

  /** `undefined` where Bedrock does not know the job (any more). */
  async getJob(model: Model, invocationArn: string, call: CallOptions): Promise<GetAsyncInvokeCommandOutput | undefined> {
    const { GetAsyncInvokeCommand, ResourceNotFoundException } = await import('@aws-sdk/client-bedrock-runtime');
    const send: Sent<GetAsyncInvokeCommandOutput>['send'] = (client, abortSignal) => client.send(new GetAsyncInvokeCommand({ invocationArn }), { abortSignal });
    try {
      return await this.#send({ ...call, model, action: 'bedrock:GetAsyncInvoke', timeoutSeconds: JOB_CALL_SECONDS, send });
    } catch (error) {
      if (error instanceof AppError && error.cause instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  }

  async listJobs(model: Model, query: ListAsyncInvokesCommandInput, call: CallOptions): Promise<ListAsyncInvokesCommandOutput> {
    const { ListAsyncInvokesCommand } = await import('@aws-sdk/client-bedrock-runtime');
    const send: Sent<ListAsyncInvokesCommandOutput>['send'] = (client, abortSignal) => client.send(new ListAsyncInvokesCommand(query), { abortSignal });
    return this.#send({ ...call, model, action: 'bedrock:ListAsyncInvokes', timeoutSeconds: JOB_CALL_SECONDS, send });
  }

  /** State of a model in this region; never throws but for credentials and region that are missing. */
  async stateOf(model: Model): Promise<Awaited<ReturnType<Lifecycle['stateOf']>>> {
    return this.#lifecycle.stateOf(model, await this.region());
  }

  /** MISCONFIGURED where none is set. */
  async region(): Promise<string> {
    const client = await this.#client();
    try {
      return await client.config.region();
    } catch (error) {
      throw new AppError('MISCONFIGURED', 'No AWS region is set.', { hint: 'Set AWS_REGION or VRAG_AWS_REGION, e.g. us-east-1.', cause: error });
    }
  }

  /** Closes the connections; calls under way fail. */
  close(): void {
    for (const client of [this.#runtime, this.#control]) void client?.then((opened) => opened.destroy()).catch(() => undefined);
  }

  async #billed<T>(model: Model, { kind, costUsd, repeat, ...call }: BilledCall, send: Sent<T>['send']): Promise<T> {
    await this.#lifecycle.check(model, await this.region());
    return repeated(repeat, call.signal, async () => {
      await this.#options.onBillable?.(kind, costUsd);
      return this.#send({ ...call, model, action: 'bedrock:InvokeModel', send });
    });
  }

  async #send<T>({ model, action, signal, timeoutSeconds, send }: Sent<T>): Promise<T> {
    if (signal?.aborted) throw new AppError('CANCELLED', 'The call was cancelled.');
    const region = await this.region();
    const limit = AbortSignal.timeout(timeoutSeconds * 1000);
    try {
      return await send(await this.#client(), signal ? AbortSignal.any([signal, limit]) : limit, region);
    } catch (error) {
      throw bedrockError(error, { model, region, action, signal });
    }
  }

  #client(): Promise<BedrockRuntimeClient> {
    const { region } = this.#options;
    this.#runtime ??= import('@aws-sdk/client-bedrock-runtime').then((sdk) => new sdk.BedrockRuntimeClient({ ...(region ? { region } : {}), maxAttempts: 1 }));
    return this.#runtime;
  }

  #controlPlane(region: string): Promise<ControlPlane> {
    this.#control ??= import('@aws-sdk/client-bedrock').then((sdk) => new sdk.Bedrock({ region, maxAttempts: 2 }));
    return this.#control;
  }
}
