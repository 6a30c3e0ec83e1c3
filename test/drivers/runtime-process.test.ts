import { describe } from 'vitest';
import { runtimeContract } from '../contracts/runtime.ts';
import { openProcessRuntime } from '../support/process-runtime.ts';

describe('plain processes', () => {
  runtimeContract(() => openProcessRuntime());
});
