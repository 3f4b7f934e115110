import { test } from 'vitest';
import { cases } from './fuzz/cases.ts';

for (const { name, run } of cases) test(name, run);
