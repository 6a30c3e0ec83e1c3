import { isMap } from './mistake.ts';

/** What a role cannot have of its own. */
const common = ['app', 'state', 'server', 'servers', 'roles', 'rollout'];

/** A `worker` has no front door unless it says so. */
const withoutDoor: Readonly<Record<string, unknown>> = { router: { mode: 'none' } };

export interface RoleText {
  readonly name: string;
  /** The file as it would be for this role alone. */
  readonly value: Readonly<Record<string, unknown>>;
  /** Keys that are not the role's to say. */
  readonly foreign: readonly string[];
}

/** The whole file with what a role says of its own laid over it, key by key. */
export function rolesIn(value: unknown): readonly RoleText[] {
  if (!isMap(value) || !isMap(value['roles'])) return [];
  return Object.entries(value['roles']).map(([name, given]) => {
    const { servers, ...own } = isMap(given) && !Array.isArray(given) ? given : { servers: given };
    const rest = Object.entries(value).filter(([key]) => !['server', 'servers', 'roles', 'rollout'].includes(key));
    const standard = name === 'worker' && !('router' in own) ? withoutDoor : {};
    const merged = { ...Object.fromEntries(rest), servers, ...standard, ...own };
    return { name, value: merged, foreign: Object.keys(own).filter((key) => common.includes(key)) };
  });
}
