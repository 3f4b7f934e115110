import type { Case } from './case.ts';
import { contentCases } from './cases-content.ts';
import { rightCases } from './cases-rights.ts';
import { roomCases } from './cases-room.ts';

/** Each is a test, and each is run before the fuzzer, whose coverage counts what both reach. */
export const cases: readonly Case[] = [...rightCases, ...roomCases, ...contentCases];
