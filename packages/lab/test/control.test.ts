import { expect, test } from 'vitest';
import { verdictOn } from '../src/run/control.ts';
import { readControls } from '../src/scenario/control.ts';

const [strict, lenient] = readControls(
  [
    { host: 'cloud-notes.example', fails: ['reset', 'silence'] },
    { host: 'cloud-notes.example', fails: ['silence'], mostWhole: 0.5 },
  ],
  'controls',
);

test('a control that fails as its scenario says proves that the censor bites', () => {
  if (strict === undefined || lenient === undefined) throw new Error('no control');
  expect(verdictOn(strict, ['reset', 'silence'], 'it')).toBeUndefined();
  expect(verdictOn(lenient, ['whole', 'silence'], 'it')).toBeUndefined();
});

test('a control that succeeds, fails otherwise or was never tried makes the run void', () => {
  if (strict === undefined || lenient === undefined) throw new Error('no control');
  expect(verdictOn(strict, ['whole'], 'it')).toBe('it should fail and went whole');
  expect(verdictOn(strict, ['reset', 'whole', 'reset'], 'it')).toContain('should fail');
  expect(verdictOn(lenient, ['whole', 'whole', 'silence'], 'it')).toContain('should fail');
  expect(verdictOn(strict, ['no-such-name'], 'it')).toBe(
    'it should fail by reset or silence and went no-such-name',
  );
  expect(verdictOn(strict, [], 'it')).toBe('it was not tried after the block');
});
