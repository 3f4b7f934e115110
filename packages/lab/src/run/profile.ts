/** How much is said in a run, and how long it is watched. Links, losses and censors are the same in each. */
export interface Profile {
  readonly name: 'brief' | 'quick' | 'full';
  readonly texts: number;
  /** the texts are spread over so long */
  readonly overMs: number;
  readonly voiceBytes: number;
  readonly photoBytes: number;
  /** everybody is connected for so long before the block begins */
  readonly settleMs: number;
  /** from the block on */
  readonly watchMs: number;
}

export const profiles: Readonly<Record<Profile['name'], Profile>> = {
  // for the gate: whether all of it still works; watched for as long as the gate has time, so that a busy machine is no failure, since a run ends with the last of it
  brief: {
    name: 'brief',
    texts: 8,
    overMs: 8000,
    voiceBytes: 20_000,
    photoBytes: 40_000,
    settleMs: 1000,
    watchMs: 240_000,
  },
  quick: {
    name: 'quick',
    texts: 16,
    overMs: 24_000,
    voiceBytes: 20_000,
    photoBytes: 100_000,
    settleMs: 5000,
    watchMs: 60_000,
  },
  full: {
    name: 'full',
    texts: 60,
    overMs: 120_000,
    voiceBytes: 60_000,
    photoBytes: 300_000,
    settleMs: 20_000,
    watchMs: 600_000,
  },
};

export function isProfileName(name: string): name is Profile['name'] {
  return Object.hasOwn(profiles, name);
}
