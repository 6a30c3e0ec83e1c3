import { describe, expect, it } from 'vitest';
import { fields } from '../../src/config/json-schema.ts';
import { l4Keys } from '../../src/config/rules-router.ts';
import { see } from './detect-support.ts';
import { mistakesIn } from './support.ts';

describe('the written file', () => {
  it('names every option, and everything that was assumed', async () => {
    const { text, assumed } = await see({});
    for (const { path, fields: inside } of fields().filter((field) => field.path[0] !== 'container')) {
      expect(text).toMatch(new RegExp(`^(# )?${path[0]}:`, 'm'));
      for (const field of inside.filter(({ path: [, key = ''] }) => !l4Keys.includes(key)))
        expect(text).toMatch(new RegExp(`^#   ${field.path[1]}:`, 'm'));
    }
    for (const each of assumed) expect(text).toContain(`# Assumed: ${each}.`);
  });

  it('names the options of containers where there are containers', async () => {
    const { text } = await see({ Dockerfile: 'FROM x' });
    expect(text).toMatch(/^artifact:\n {2}build: \.$/m);
    expect(text).toMatch(/^runtime: docker$/m);
    expect(text).toMatch(/^# {3}pull: /m);
  });

  it('is right with any one option uncommented', async () => {
    const { text } = await see({ 'package.json': '{"main":"a.js"}' });
    const lines = text.split('\n');
    const conflicting =
      /^# {3}(include|variable|tcp|command|certificate|waves|watch|on_failure|before_server|after_server)/;
    for (const [index, line] of lines.entries()) {
      if (
        !/^# +[a-z_]+: \S/.test(line) ||
        line.startsWith('# Assumed') ||
        /^# {5}/.test(line) ||
        conflicting.test(line) ||
        line.startsWith('# shell') ||
        line.startsWith('# env_file')
      )
        continue;
      const parent = lines.findLastIndex((each, at) => at < index && /^# [a-z_]+:$/.test(each));
      const stages = lines[parent] === '# shift:' ? parent + 1 : undefined;
      const open = lines.map((each, at) =>
        at === index || at === stages || (/^# {3}/.test(line) && at === parent) ? each.slice(2) : each,
      );
      expect(mistakesIn(open.join('\n')), line).toEqual([]);
    }
  });
});
