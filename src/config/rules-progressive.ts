import { valueAt, type Mistake, type Path } from './mistake.ts';

/** What needs a router that can do it, or a log that is ours. */
export function progressiveMistakes(written: unknown): Mistake[] {
  const mode = String(valueAt(written, ['router', 'mode']) ?? valueAt(written, ['router']) ?? 'managed');
  const said = (...path: Path) => valueAt(written, path) !== undefined;
  const router = mode.startsWith('[') ? 'managed' : mode;
  const known: readonly [boolean, Path, string][] = [
    [said('shift') && isOneOf(router, 'classic', 'none'), ['shift'], 'needs router.mode managed, adopted or l4'],
    [
      said('shift') && router === 'adopted' && !isOneOf(stickiness(written), 'address', 'none', 'header'),
      ['shift'],
      'needs sticky: address, none or a header with router.mode adopted: a cookie would take the place of your own headers',
    ],
    [said('preview') && isOneOf(router, 'classic', 'none', 'l4'), ['preview'], 'needs router.mode managed or adopted'],
    [
      said('warmup', 'replay') && isOneOf(router, 'adopted', 'classic', 'none', 'l4'),
      ['warmup', 'replay'],
      'needs router.mode managed: there is no other log that is ours',
    ],
    [said('warmup') && router === 'none', ['warmup'], 'has nobody to ask with router none'],
  ];
  return known.flatMap(([wrong, path, message]) => (wrong ? [{ path, message }] : []));
}

function stickiness(written: unknown): string {
  return valueAt(written, ['shift', 'sticky', 'header']) === undefined
    ? String(valueAt(written, ['shift', 'sticky']) ?? 'cookie')
    : 'header';
}

function isOneOf(mode: string, ...modes: readonly string[]): boolean {
  return modes.includes(mode);
}
