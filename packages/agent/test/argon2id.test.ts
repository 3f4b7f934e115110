import { argon2idContract } from '@tern/core/testing';
import { test } from 'vitest';
import { fastArgon2id } from '../src/argon2id.ts';

argon2idContract(test, fastArgon2id);
