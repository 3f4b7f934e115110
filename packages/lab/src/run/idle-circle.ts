/** Somebody who knows many people, each of whom used an invitation of theirs: who waits when `--idle` asks what waiting costs. */
import type { Settings as CrowdSettings } from '../programs/tern-crowd.ts';
import { relayHome, relayOne, relayTwo } from '../subjects/places.ts';
import type { Program } from '../subjects/program.ts';
import { startProgram, type Ground } from '../subjects/subject.ts';
import { builtApp, keyOfAuthority, startBrowser } from '../subjects/tern-web.ts';
import { invite, met, startPerson, startRelay } from '../subjects/tern.ts';

export const idleSubjects = ['tern', 'tern-web'] as const;

export type IdleSubject = (typeof idleSubjects)[number];

export interface Circle {
  /** ends everybody who could say anything */
  leaveAlone(): Promise<void>;
}

/** `a`, inside, by a terminal or by what is on the screen of a browser, and so many people abroad; `a` knows all three relays in the end. */
export async function gatherCircle(
  ground: Ground,
  ask: {
    readonly subject: IdleSubject;
    readonly conversations: number;
    readonly note: (words: string) => void;
  },
): Promise<Circle> {
  const { subject, conversations, note } = ask;
  const inBrowser = subject === 'tern-web';
  const served = inBrowser ? { web: await builtApp() } : {};
  const links = await Promise.all(
    [relayOne, relayTwo, relayHome].map((host) => startRelay(ground, host, served)),
  );
  const person = inBrowser ? startBrowser(ground, 'a', keyOfAuthority(ground)) : startPerson(ground, 'a');
  person.listen((news) => {
    if (news.is === 'note' && !person.over) note(`a: ${news.words}`);
  });
  const crowdSettings: CrowdSettings = { homes: ground.folder('crowd') };
  const crowd = startProgram(ground, 'c', { file: 'tern-crowd.ts', settings: crowdSettings });
  await Promise.all([person.ready(), crowd.ready()]);
  const [first = '', ...others] = links;
  for (const program of [person, crowd]) await program.carriedOut({ do: 'relay', link: first });
  const used = new Set<string>();
  for (let at = 1; at <= conversations; at += 1) {
    await acquaint(person, crowd, { link: await invite(person, used), guest: `acquaintance-${at}` });
    if (at % 10 === 0) note(`${at} conversations`);
  }
  for (const link of others) await person.carriedOut({ do: 'relay', link });
  return { leaveAlone: () => crowd.kill() };
}

async function acquaint(
  person: Program,
  crowd: Program,
  { link, guest }: { readonly link: string; readonly guest: string },
): Promise<void> {
  await crowd.carriedOut({ do: 'accept', link });
  await person.carriedOut({ do: 'admit', person: guest });
  await met(person, guest);
}
