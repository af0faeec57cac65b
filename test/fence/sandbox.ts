import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

/** A directory that looks like the project to a tool, and holds only what a test plants in it. */
export type Sandbox = {
  readonly path: string;
  plant(files: Readonly<Record<string, string>>): Promise<void>;
  /** What the tool printed, whatever its exit code. */
  run(tool: string, args: readonly string[]): Promise<{ readonly code: number; readonly output: string }>;
  remove(): Promise<void>;
};

type SandboxOptions = {
  /** Copied from the project: files and directories by their path. */
  readonly copies: readonly string[];
  /** True to have the project's packages; false to plant stand-ins. */
  readonly hasPackages: boolean;
};

export const openSandbox = async ({ copies, hasPackages }: SandboxOptions): Promise<Sandbox> => {
  const path = await mkdtemp(join(tmpdir(), 'ashlar-fence-'));
  for (const copy of copies) await cp(join(root, copy), join(path, copy), { recursive: true });
  if (hasPackages) await linkPackages(path);
  return {
    path,
    plant: async (files) => {
      for (const [file, text] of Object.entries(files)) {
        await mkdir(dirname(join(path, file)), { recursive: true });
        await writeFile(join(path, file), text);
      }
    },
    run: (tool, args) => runTool(path, tool, args),
    remove: () => rm(path, { recursive: true, force: true }),
  };
};

/** Each for itself: the directory is the sandbox's own, with what tools keep in it. */
const linkPackages = async (path: string): Promise<void> => {
  await mkdir(join(path, 'node_modules'));
  const names = (await readdir(join(root, 'node_modules'))).filter((name) => !name.startsWith('.') || name === '.bin');
  for (const name of names) await symlink(join(root, 'node_modules', name), join(path, 'node_modules', name));
};

export const runTool = (cwd: string, tool: string, args: readonly string[]) =>
  new Promise<{ readonly code: number; readonly output: string }>((resolve, reject) => {
    const program = join(root, 'node_modules', '.bin', tool);
    const PATH = `${join(root, 'node_modules', '.bin')}:${process.env['PATH']}`;
    const options = { cwd, env: { ...process.env, PATH }, maxBuffer: 64 * 1024 * 1024 };
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ code: Number(error?.code ?? 0), output: stdout === '' ? stderr : stdout });
    });
  });
