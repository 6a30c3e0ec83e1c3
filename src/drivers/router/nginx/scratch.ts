import path from 'node:path';
import type { Config } from '../../../config/config.ts';
import { serverName } from './site.ts';

export const nameConflict = 76;

/*
 * $1 nginx, $2 its -p or nothing, $3 its main file, $4 names that must be ours alone, then pairs of
 * path and content. Copies the configuration, puts the new files into the copy, points every path at
 * the copy and has it tested. Of two servers with one name nginx takes the first and warns of the other.
 */
const script = `
nginx=$1 prefix=$2 main=$3 names=$4
shift 4
folder=$(dirname "$main")
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cp -aL "$folder/." "$scratch/" 2> /dev/null
while [ $# -gt 1 ]; do
  case $1 in
    "$folder"/*) copy=$scratch/\${1#"$folder"/}; mkdir -p "$(dirname "$copy")"; printf '%s' "$2" > "$copy" ;;
  esac
  shift 2
done
find "$scratch" -type f -size -1024k -exec sed -i "s|$folder/|$scratch/|g" {} +
told=$("$nginx" -t -q \${prefix:+-p "$prefix"} -c "$scratch/$(basename "$main")" 2>&1)
code=$?
printf '%s\\n' "$told" >&2
[ "$code" = 0 ] || exit "$code"
set -f
for name in $names; do
  case $told in *"conflicting server name \\"$name\\""*) exit ${nameConflict} ;; esac
done`;

/** Argument list, to run where nginx runs, that exits 0 when it accepts its configuration with these files in it. */
export function scratchTest(config: Config, files: readonly { path: string; content: string }[]): readonly string[] {
  const { router } = config;
  const names = router.mode === 'managed' ? serverName(config) : '';
  const pairs = files.flatMap((file) => [path.normalize(file.path), withoutLogs(file.content)]);
  return ['sh', '-c', script, 'scratch-test', router.binary, router.prefix ?? '', router.conf, names, ...pairs];
}

/** The folder of our log is made after the test, and a test should write no log. */
function withoutLogs(content: string): string {
  return content.replaceAll(/access_log \/\S+ /g, 'access_log /dev/null ');
}
