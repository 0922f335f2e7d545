import type { Config } from './config.ts';
import type { JobRunner } from './film/runner.ts';
import type { Ports } from './ports.ts';

/** What every handler works with: all ports and the domain's one running service. */
export interface Studio {
  ports: Ports;
  /** The domain, loaded with the studio: starting a server must not pay for it. */
  assets: typeof import('./library/index.ts');
  film: typeof import('./film/index.ts');
  runner: JobRunner;
  /** Largest file that a source may be, in bytes. */
  maxFileBytes: number;
  /** True over stdio: the client shares this machine's files, so paths are accepted as sources and given in results. */
  localPaths: boolean;
}

/** Opens the studio at the first call that needs it and returns the same one afterwards. */
export type OpenStudio = () => Promise<Studio>;

/**
 * The studio of a configuration. Nothing is loaded, opened or started before the first call; from then on unfinished jobs of the
 * data folder are carried on in the background.
 */
export function lazyStudio(config: Config, options: { localPaths: boolean }): { open: OpenStudio; close(): Promise<void> } {
  let opened: Promise<Studio> | undefined;
  const open = async (): Promise<Studio> => {
    const [{ openPorts }, assets, film] = await Promise.all([import('./adapters/index.ts'), import('./library/index.ts'), import('./film/index.ts')]);
    const ports = openPorts(config);
    const runner = film.createJobRunner(ports);
    runner.start();
    return { ports, assets, film, runner, localPaths: options.localPaths, maxFileBytes: config.maxFileBytes };
  };
  return {
    open: () => {
      opened ??= open().catch((error) => {
        opened = undefined;
        throw error;
      });
      return opened;
    },
    async close() {
      const studio = await opened?.catch(() => undefined);
      await studio?.runner.stop();
      await studio?.ports.close();
    },
  };
}
