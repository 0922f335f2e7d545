import { homedir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../src/config.ts';

describe('settings', () => {
  it('have defaults that need nothing', () => {
    expect(loadConfig({})).toEqual({
      homeDir: path.join(homedir(), 'vrag'),
      allowedDirs: [],
      defaultDirs: true,
      downloads: true,
      maxFileBytes: 100_000_000,
      maxPixels: 100_000_000,
      onnxRuntime: 'auto',
      embedder: 'vision',
      recogniser: true,
      modelHub: 'https://huggingface.co',
      ceilings: {},
      credentials: { sign: true },
      profile: 'local',
      aws: { s3: { prefix: 'vrag/', urlMinutes: 60 }, openSearch: { kind: 'auto', prefix: 'vrag' } },
      bedrock: { video: { models: [] } },
    });
  });

  it('of models on Bedrock name them, where they write and in which region; the aws profile embeds with Titan unless told otherwise', () => {
    const models = { VRAG_CAPTIONER: 'us.amazon.nova-2-lite-v1:0', VRAG_INPAINTER: 'stability', VRAG_VIDEO_MODELS: 'luma-ray-2, nova-reel' };
    const { bedrock } = loadConfig({ ...models, VRAG_VIDEO_OUTPUT: 's3://films/a', VRAG_VIDEO_REGION: 'us-west-2' });
    const video = { models: ['luma-ray-2', 'nova-reel'], output: 's3://films/a', region: 'us-west-2' };
    expect(bedrock).toMatchObject({ captioner: 'us.amazon.nova-2-lite-v1:0', inpainter: 'stability', video });
    expect(loadConfig({ VRAG_CAPTIONER: 'off' }).bedrock).not.toHaveProperty('captioner');
    expect(loadConfig({ VRAG_PROFILE: 'aws' }).embedder).toBe('titan');
    expect(loadConfig({ VRAG_PROFILE: 'aws', VRAG_EMBEDDER: 'vision' }).embedder).toBe('vision');
  });

  it('of the aws profile name bucket, key and region, and wrong ones are refused', () => {
    const aws = { VRAG_PROFILE: 'aws', VRAG_AWS_REGION: 'eu-central-1', VRAG_S3_BUCKET: 'my-videos', VRAG_S3_PREFIX: '/team//a/', VRAG_URL_MINUTES: '5' };
    expect(loadConfig(aws)).toMatchObject({ profile: 'aws', aws: { region: 'eu-central-1', s3: { bucket: 'my-videos', prefix: 'team/a/', urlMinutes: 5 } } });
    expect(loadConfig({ VRAG_S3_PREFIX: '/' }).aws.s3.prefix).toBe('');
    const wrong = {
      VRAG_PROFILE: 'azure',
      VRAG_AWS_REGION: 'Frankfurt',
      VRAG_S3_BUCKET: 's3://bucket',
      VRAG_S3_PREFIX: 'a b',
      VRAG_BUCKET_OWNER: '123',
      VRAG_URL_MINUTES: '99999',
      VRAG_S3_ENDPOINT: 'http://minio.example',
      VRAG_CAPTIONER: 'a model',
      VRAG_INPAINTER: 'dall-e',
      VRAG_VIDEO_OUTPUT: 'bucket/videos',
      VRAG_VIDEO_REGION: 'Oregon',
    };
    for (const [name, value] of Object.entries(wrong)) expect(() => loadConfig({ [name]: value }), name).toThrow(new RegExp(name));
  });

  it('join folders of the environment and the command line as absolute paths', () => {
    const config = loadConfig({ VRAG_ALLOWED_DIRS: ['/a', '~/b'].join(path.delimiter), VRAG_HOME: '~/data' }, ['/c/../d']);
    expect(config.allowedDirs).toEqual([path.resolve('/a'), path.join(homedir(), 'b'), path.resolve('/d')]);
    expect(config.homeDir).toBe(path.join(homedir(), 'data'));
  });

  it('read ceilings in dollars; 0 is one', () => {
    expect(loadConfig({ VRAG_MAX_USD_PER_DAY: '2.5', VRAG_MAX_USD_PER_JOB: '0' }).ceilings).toEqual({ perDayUsd: 2.5, perJobUsd: 0 });
    expect(() => loadConfig({ VRAG_MAX_USD_PER_DAY: 'much' })).toThrow(/VRAG_MAX_USD_PER_DAY/);
  });

  it('treat an empty variable as absent', () => expect(loadConfig({ VRAG_DOWNLOADS: '' }).downloads).toBe(true));

  it('that are wrong are named, without their values', () => {
    expect(() => loadConfig({ VRAG_DOWNLOADS: 'secret-value', VRAG_MAX_FILE_MB: '-1' })).toThrow(/VRAG_MAX_FILE_MB/);
    expect(() => loadConfig({ VRAG_DOWNLOADS: 'secret-value' })).toThrow(/VRAG_DOWNLOADS/);
    expect(() => loadConfig({ VRAG_DOWNLOADS: 'secret-value' })).not.toThrow(/secret-value/);
  });

  it('take a model hub over https, or over http on this computer', () => {
    for (const address of ['https://hub.example/mirror', 'http://127.0.0.1:8080', 'http://localhost:1']) {
      expect(loadConfig({ VRAG_MODEL_HUB: address }).modelHub).toBe(address);
    }
    for (const address of ['http://hub.example', 'ftp://hub.example', 'hub.example', 'https://me:secret@hub.example', 'https://hub.example/?a=b']) {
      expect(() => loadConfig({ VRAG_MODEL_HUB: address })).toThrow(/VRAG_MODEL_HUB/);
    }
  });
});
