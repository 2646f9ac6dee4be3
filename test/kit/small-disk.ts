import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk {
  /** Where it is mounted. */
  readonly path: string;
  /** Takes all of its free space. */
  fill(): void;
  /** Gives that space back. */
  makeRoom(): void;
  /** Mounts it anew so that it takes no writes. Nobody may have a file open for writing. */
  makeReadOnly(): void;
  /** What the kernel does after an error of the disk: it takes no writes from then on, whoever has files open. */
  failUnderUse(): void;
  /** Repairs it and mounts it for writing. Nobody may have a file of it open. */
  repair(): void;
  /** Idempotent. */
  remove(): void;
}

/**
 * A real file system (ext4 on a loop device) of so many MiB, for what only a disk can do. Mounting
 * needs root, or sudo that does not ask.
 */
export function createSmallDisk(mebibytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'mad-disk-'));
  const image = join(folder, 'image');
  const path = join(folder, 'mnt');
  const filler = join(path, 'filler');
  let mounted = false;

  function asRoot(command: string, ...args: string[]): void {
    const isRoot = process.getuid?.() === 0;
    execFileSync(isRoot ? command : 'sudo', isRoot ? args : ['-n', command, ...args], { stdio: 'pipe' });
  }
  function mount(): void {
    asRoot('mount', '-o', 'loop,errors=remount-ro', image, path);
    mounted = true;
    if (process.getuid?.() !== 0) asRoot('chown', String(process.getuid?.()), path);
  }
  function unmount(): void {
    if (mounted) asRoot('umount', path);
    mounted = false;
  }

  execFileSync('truncate', ['-s', `${mebibytes}M`, image]);
  execFileSync('mkfs.ext4', ['-q', '-m', '0', image], { stdio: 'pipe' });
  execFileSync('mkdir', [path]);
  mount();
  return {
    path,
    fill() {
      const file = openSync(filler, 'w');
      for (const size of [1024 * 1024, 4096, 1]) {
        const block = Buffer.alloc(size, 1);
        while (fits(file, block)) {
          // Until the disk says no.
        }
        fsyncSync(file);
      }
      closeSync(file);
    },
    makeRoom: () => rmSync(filler),
    makeReadOnly: () => asRoot('mount', '-o', 'remount,ro', path),
    failUnderUse() {
      const line = readFileSync('/proc/mounts', 'utf8')
        .split('\n')
        .find((one) => one.split(' ')[1] === path);
      const device = line?.split(' ')[0]?.replace('/dev/', '');
      asRoot('sh', '-c', `echo 1 > /sys/fs/ext4/${device}/trigger_fs_error`);
    },
    repair() {
      unmount();
      // 1 means that it found errors and corrected them.
      try {
        execFileSync('e2fsck', ['-p', '-f', image], { stdio: 'pipe' });
      } catch (error) {
        if ((error as { status?: number }).status !== 1) throw error;
      }
      mount();
    },
    remove() {
      unmount();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function fits(file: number, block: Buffer): boolean {
  try {
    writeSync(file, block);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    return false;
  }
}
