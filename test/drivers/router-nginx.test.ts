import { describe } from 'vitest';
import { routerContract } from '../contracts/router.ts';
import { openRouter } from '../support/router-stand.ts';

describe.each([
  ['managed', 'debian'],
  ['managed', 'current'],
  ['adopted', 'debian'],
  ['adopted', 'current'],
  ['classic', 'debian'],
  ['classic', 'current'],
] as const)('%s on nginx (%s)', (mode, kind) => {
  routerContract(() => openRouter(mode, kind));
});
