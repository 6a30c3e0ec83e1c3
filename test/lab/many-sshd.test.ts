import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { startManySshd } from '../../lab/many-sshd.ts';
import { run } from '../../lab/machine-run.ts';

describe('many sshd of this machine', { timeout: 60_000 }, () => {
  test('each run a command, in an empty HOME, at an address of their own', async () => {
    const many = await startManySshd(5, { variables: { COLOUR: 'green' } });
    const environment = Object.entries(many.env).map(([name, value]) => `${name}=${value}`);
    const ssh = (name: string) =>
      run(['env', ...environment, 'ssh', name, 'echo $COLOUR; ls -A ~; echo $SSH_CONNECTION']);
    const places: string[] = [];
    try {
      expect(many.names).toEqual(['s1', 's2', 's3', 's4', 's5']);
      const answers = await Promise.all(many.names.map(ssh));
      expect(answers.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
      const lines = answers.map(({ stdout }) => stdout.trim().split('\n'));
      expect(lines.map((line) => line.length)).toEqual([2, 2, 2, 2, 2]);
      expect(lines.map(([colour]) => colour)).toEqual(many.names.map(() => 'green'));
      for (const [, connection = ''] of lines) places.push(connection.split(' ').slice(2).join(':'));
      expect(new Set(places).size).toBe(5);
    } finally {
      await many.stop();
    }
    await many.stop();
    expect(existsSync(many.env.HOME)).toBe(false);
    for (const place of places) await expect(fetch(`http://${place}`)).rejects.toThrow('fetch failed');
  });
});
