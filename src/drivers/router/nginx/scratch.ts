import path from 'node:path';
import type { Config } from '../../../config/config.ts';

/*
 * $1 nginx, $2 its -p or nothing, $3 its main file, then pairs of path and content. Copies the
 * configuration, puts the new files into the copy, points every path at the copy and has it tested.
 */
const script = `
nginx=$1 prefix=$2 main=$3
shift 3
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
"$nginx" -t -q \${prefix:+-p "$prefix"} -c "$scratch/$(basename "$main")"
`;

/** Argument list that exits 0 when nginx accepts its configuration with these files in it. */
export function scratchTest(
  { router }: Config,
  files: readonly { path: string; content: string }[],
): readonly string[] {
  const pairs = files.flatMap((file) => [path.normalize(file.path), withoutLogs(file.content)]);
  return ['sh', '-c', script, 'scratch-test', router.binary, router.prefix ?? '', router.conf, ...pairs];
}

/** The folder of our log is made after the test, and a test should write no log. */
function withoutLogs(content: string): string {
  return content.replaceAll(/access_log \/\S+ /g, 'access_log /dev/null ');
}
