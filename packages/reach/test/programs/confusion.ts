/**
 * How often the diagnosis is right: `node packages/reach/test/programs/confusion.ts [SESSIONS] [even|odd]`. The rules were made on even
 * seeds; odd seeds, which nobody looked at meanwhile, are what is published. The sessions are synthetic: a line with loss, jitter and
 * any speed, and hindrances as they are described, not a network. What it says is that the rules keep causes apart, no more.
 */
import { confusion, renderConfusion } from '../synthetic/confusion.ts';

const sessions = Number(process.argv[2] ?? 2800);
const held = process.argv[3] !== 'even';
const result = confusion({ sessions, odd: held });
console.log(renderConfusion(result));
console.log(`${held ? 'held-out (odd)' : 'building (even)'} seeds, synthetic sessions`);
process.exitCode = result.right / result.sessions >= 0.95 ? 0 : 1;
