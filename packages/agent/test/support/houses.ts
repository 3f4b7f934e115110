import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHome } from '../../src/home.ts';
import type { Resident, Town } from './town.ts';

/** Homes on disk, which can be copied and put back as a thief or a backup would. */
export interface Houses extends Disposable {
  dir(name: string): string;
  /** opens a home and its client; closing the resident closes both */
  enter(
    town: Town,
    name: string,
    options?: { readonly relays?: readonly number[]; readonly dir?: string },
  ): Promise<HouseResident>;
  copy(from: string, to: string): void;
}

export interface HouseResident extends Resident, AsyncDisposable {}

export function houses(): Houses {
  const root = mkdtempSync(join(tmpdir(), 'tern-houses-'));
  return {
    dir: (name) => join(root, name),
    async enter(town, name, { relays = [], dir = name } = {}) {
      const home = await openHome({
        dir: join(root, dir),
        world: town.world,
        passphrase: async () => undefined,
        create: true,
      });
      const resident = await town.person(name, { relays, store: home.store });
      return {
        ...resident,
        async [Symbol.asyncDispose]() {
          await resident.client[Symbol.asyncDispose]();
          await home[Symbol.asyncDispose]();
        },
      };
    },
    copy(from, to) {
      rmSync(join(root, to), { recursive: true, force: true });
      cpSync(join(root, from), join(root, to), { recursive: true });
    },
    [Symbol.dispose]() {
      rmSync(root, { recursive: true, force: true });
    },
  };
}
