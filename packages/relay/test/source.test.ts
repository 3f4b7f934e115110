import { expect, test } from 'vitest';
import { sourceOf } from '../src/source.ts';

test('hosts of one network of 64 bits are one source, however their addresses are written', () => {
  const sources = ['2001:db8::1', '2001:db8::2:3', '2001:db8:0:0:9:8:7:6', '2001:db8::'].map(sourceOf);
  expect(new Set(sources)).toEqual(new Set(['2001:db8:0:0']));
  expect(sourceOf('2001:db8:0:1::1')).toBe('2001:db8:0:1');
  expect(sourceOf('fe80::1%eth0')).toBe('fe80:0:0:0');
});

test('IPv4 addresses are a source each, and this machine is none', () => {
  expect(['192.0.2.1', '::ffff:192.0.2.1'].map(sourceOf)).toEqual(['192.0.2.1', '::ffff:192.0.2.1']);
  expect(['', '::1', '127.0.0.1', '::ffff:127.0.0.1'].map(sourceOf)).toEqual(Array(4).fill(undefined));
});
