import type { Config } from './config.ts';
import type { JobRunner } from './film/runner.ts';
import type { LibraryRunner } from './library/job-runner.ts';
import type { Ports } from './ports.ts';

/** Each look for work costs requests there: at every 15 s about 2.60 dollars a month (docs/aws.md). */
const REMOTE_IDLE_MS = 15_000;

/** What every handler works with: all ports and the domain's running services. */
export interface Studio {
  ports: Ports;
  /** The domain, loaded with the studio: starting a server must not pay for it. */
  assets: typeof import('./library/index.ts');
  film: typeof import('./film/index.ts');
  runner: JobRunner;
  libraryRunner: LibraryRunner;
  /** Largest file that a source may be, in bytes. */
  maxFileBytes: number;
  /** True over stdio: the client shares this machine's files, so paths are accepted as sources and given in results. */
  localPaths: boolean;
}

/** Opens the studio at the first call that needs it and returns the same one afterwards. */
export type OpenStudio = () => Promise<Studio>;

/** A studio that opens itself. */
export interface LazyStudio {
  open: OpenStudio;
  /** The studio, where a call has needed it already. */
  opened(): Promise<Studio> | undefined;
  close(): Promise<void>;
}

/**
 * The studio of a configuration. Nothing is loaded, opened or started before the first call; from then on unfinished jobs of the
 * data folder are carried on in the background, unless `background` is false.
 */
export function lazyStudio(config: Config, options: { localPaths: boolean; background?: boolean }): LazyStudio {
  let opened: Promise<Studio> | undefined;
  const open = async (): Promise<Studio> => {
    const [{ openPorts }, assets, film] = await Promise.all([import('./adapters/index.ts'), import('./library/index.ts'), import('./film/index.ts')]);
    const ports: Ports = openPorts(config, { onBillable: film.createCallMeter(() => ports) });
    const idle = config.profile === 'aws' ? { idleMs: REMOTE_IDLE_MS } : {};
    const runner = film.createJobRunner(ports, idle);
    const libraryRunner = assets.createLibraryRunner(ports, { maxBytes: config.maxFileBytes, ...idle });
    if (options.background !== false) for (const each of [runner, libraryRunner]) each.start();
    return { ports, assets, film, runner, libraryRunner, localPaths: options.localPaths, maxFileBytes: config.maxFileBytes };
  };
  return {
    open: () => {
      opened ??= open().catch((error) => {
        opened = undefined;
        throw error;
      });
      return opened;
    },
    opened: () => opened,
    async close() {
      const studio = await opened?.catch(() => undefined);
      await Promise.all([studio?.runner.stop(), studio?.libraryRunner.stop()]);
      await studio?.ports.close();
    },
  };
}
