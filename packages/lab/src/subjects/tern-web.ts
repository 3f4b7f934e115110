/** Tern in a browser: the built app in a real Chromium for each person, acted on by what is on the screen. */
import { execFile } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import type { News } from '../programs/lines.ts';
import type { Person } from '../run/workload.ts';
import { relayHome, relayOne, relayTwo } from './places.ts';
import { Program } from './program.ts';
import { everybody, type Cast, type Ground, type Subject } from './subject.ts';
import { startRelay } from './tern.ts';

const programs = resolve(import.meta.dirname, '../../../web/test/programs');
const quiet = '--disable-warning=ExperimentalWarning';

/** The relays are the same as with `tern`; the app comes from the first one. */
export const ternWeb: Subject = {
  name: 'tern-web',
  ours: true,
  heavy: true,
  inBrowser: true,
  missing: () => undefined,
  async open(ground) {
    const web = await builtApp();
    const links = await Promise.all([
      startRelay(ground, relayOne, { web }),
      startRelay(ground, relayTwo, { web }),
      startRelay(ground, relayHome, { web }),
    ]);
    const people = new Map<Person, Program>();
    const trusted = keyOfAuthority(ground);
    const start = async (person: Person): Promise<Program> => {
      const program = startBrowser(ground, person, trusted);
      people.set(person, program);
      return program.ready();
    };
    for (const person of everybody) await start(person);
    await meet(people, links);
    return { people, start } satisfies Cast;
  },
};

/** With the profile that this person has in this run, a new one the first time. */
export function startBrowser(ground: Ground, person: Person, trusted: string): Program {
  const settings = { name: person, profile: ground.folder(`browser-${person}`), trusted };
  const child = ground.spawn(person, process.execPath, [
    quiet,
    resolve(programs, 'web-person.ts'),
    JSON.stringify(settings),
  ]);
  return new Program(`browser of ${person}`, child);
}

/** The engine carries the packets of whoever plays meanwhile: nothing here may hold it. @returns the folder */
export async function builtApp(): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    quiet,
    resolve(programs, 'browser-and-app.ts'),
  ]);
  const { web } = JSON.parse(stdout) as { web: string };
  return web;
}

/** Browsers take no file with an authority; they are told of a key that they find in every chain. */
export function keyOfAuthority(ground: Ground): string {
  const chain = readFileSync(ground.certificate(['cloud-notes.example']).certificate, 'utf8');
  const [, intermediate = ''] = chain.split(/(?=-----BEGIN CERTIFICATE-----)/u);
  const key = new X509Certificate(intermediate).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}

/** As with `tern`: `a` invites the others through the first relay abroad; everybody adds the relays that they do not have afterwards. */
async function meet(people: ReadonlyMap<Person, Program>, links: readonly string[]): Promise<void> {
  const host = people.get('a');
  const [link, ...others] = links;
  if (host === undefined || link === undefined) throw new Error('nobody invites');
  await host.carriedOut({ do: 'relay', link });
  const known = new Set<string>();
  for (const guest of everybody.filter((person) => person !== 'a')) {
    host.order({ do: 'invite' });
    const invitation = await host.first(
      (news): news is Extract<News, { is: 'link' }> => news.is === 'link' && !known.has(news.link),
      { what: 'invitation' },
    );
    known.add(invitation.link);
    await people.get(guest)?.carriedOut({ do: 'accept', link: invitation.link });
    await host.carriedOut({ do: 'welcome', person: guest });
  }
  for (const [person, program] of people)
    for (const another of person === 'a' ? others : links)
      await program.carriedOut({ do: 'relay', link: another });
}
