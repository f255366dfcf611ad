import { createReadStream, type Stats } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ImportError } from './errors.js';
import { inOrder, isCsvName, type Input, type InputFile } from './input.js';
import { unpack } from './packed.js';

const XZ_MAGIC = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);

/** How much of a file is looked at to tell what it is. */
const START_BYTES = 512;

/**
 * Opens a packed year (.tar.xz), a folder of CSV files, or one CSV file.
 * @throws ImportError when there is nothing there to import.
 */
export async function openInput(path: string): Promise<Input> {
  const found = await existing(path);
  if (found.isDirectory()) return folder(path);
  if (!found.isFile()) throw new ImportError(`${path} is neither a file nor a folder`);
  const start = await firstBytes(path);
  if (start.subarray(0, XZ_MAGIC.length).equals(XZ_MAGIC)) return unpack(path);
  if (start.includes(0)) throw new ImportError(`${path} is neither a .tar.xz nor a CSV file`);
  return { files: [inFolder(path)], sizeBytes: found.size, close: async () => {} };
}

async function folder(path: string): Promise<Input> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: Error) => {
    throw new ImportError(`Cannot read the folder ${path}: ${error.message}`);
  });
  const names = entries.filter((entry) => !entry.isDirectory() && isCsvName(entry.name)).map((entry) => entry.name);
  if (names.length === 0) throw new ImportError(`The folder ${path} holds no .csv file`);
  const files = inOrder(names.map((name) => inFolder(join(path, name))));
  const sizes = await Promise.all(files.map(({ name }) => sizeOf(name)));
  return { files, sizeBytes: sizes.reduce((sum, size) => sum + size, 0), close: async () => {} };
}

async function sizeOf(file: string): Promise<number> {
  const found = await existing(file);
  if (!found.isFile()) throw new ImportError(`${file} is not a file`);
  return found.size;
}

function existing(path: string): Promise<Stats> {
  return stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new ImportError(
      error.code === 'ENOENT' ? `There is no file or folder ${path}` : `Cannot read ${path}: ${error.message}`,
    );
  });
}

function inFolder(name: string): InputFile {
  return { name, read: () => createReadStream(name) };
}

async function firstBytes(path: string): Promise<Buffer> {
  const file = await open(path).catch((error: Error) => {
    throw new ImportError(`Cannot read ${path}: ${error.message}`);
  });
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(START_BYTES), 0, START_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
