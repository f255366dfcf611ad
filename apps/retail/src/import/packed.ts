import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import xz from 'xz-decompress';
import { ImportError } from './errors.js';
import { inOrder, isCsvName, type Input, type InputFile } from './input.js';

/** Where an unpacked file lies in the scratch file. */
interface Extent {
  readonly name: string;
  readonly start: number;
  readonly size: number;
}

const CHUNK_BYTES = 64 * 1024;

/**
 * Unpacks a .tar.xz of CSV files. The days are packed in any order, but imported in that of their names, so they are
 * unpacked into one scratch file first, which has no name any more where the system allows that: nothing is left
 * behind when the import is killed.
 * @throws ImportError when the file is damaged, or holds no CSV file.
 */
export async function unpack(path: string): Promise<Input> {
  const scratch = await openScratch();
  try {
    const extents = await extentsOf(path, scratch.file);
    if (extents.length === 0) throw new ImportError(`${path} holds no .csv file`);
    const files = inOrder(extents.map((extent) => inScratch(extent, path, scratch.file)));
    const sizeBytes = extents.reduce((sum, { size }) => sum + size, 0);
    return { files, sizeBytes, close: () => scratch.close() };
  } catch (error) {
    await scratch.close();
    throw error;
  }
}

async function extentsOf(path: string, scratch: FileHandle): Promise<Extent[]> {
  const extents: Extent[] = [];
  const entries = extract();
  const unpacked = Readable.fromWeb(new xz.XzReadableStream(Readable.toWeb(createReadStream(path)) as never) as never);
  const unpacking = pipeline(unpacked, entries);
  unpacking.catch(() => {}); // awaited below
  let end = 0;
  try {
    for await (const entry of entries) {
      const start = end;
      if (entry.header.type === 'file' && isCsvName(entry.header.name)) {
        for await (const chunk of entry as AsyncIterable<Buffer>)
          end += (await scratch.write(chunk, 0, chunk.length, end)).bytesWritten;
        extents.push({ name: entry.header.name, start, size: end - start });
      } else entry.resume();
    }
    await unpacking;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
      throw new ImportError(`There is no room in ${tmpdir()} to unpack ${path}: set TMPDIR to another folder`);
    throw new ImportError(`${path} cannot be unpacked as a .tar.xz: it is damaged or incomplete`, { cause: error });
  }
  return extents;
}

function inScratch({ name, start, size }: Extent, path: string, scratch: FileHandle): InputFile {
  return {
    name: `${path}:${name}`,
    async *read() {
      const end = start + size;
      for (let at = start; at < end;) {
        const wanted = Math.min(CHUNK_BYTES, end - at);
        const { bytesRead, buffer } = await scratch.read(Buffer.allocUnsafe(wanted), 0, wanted, at);
        if (bytesRead === 0) throw new ImportError('the scratch file became shorter');
        yield buffer.subarray(0, bytesRead);
        at += bytesRead;
      }
    },
  };
}

async function openScratch(): Promise<{ readonly file: FileHandle; close(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'logfold-import-'));
  const file = await open(join(directory, 'unpacked'), 'wx+');
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
  await remove().catch(() => {}); // Windows keeps what is open; removed at the end there
  return {
    file,
    async close() {
      await file.close();
      await remove().catch(() => {});
    },
  };
}
