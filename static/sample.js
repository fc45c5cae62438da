// The beginning of a file, so that its first faults are known before all of it is sent.

const MOST = 1_000_000; // bytes
const LINE = 10;

/**
 * The first million bytes of a file, unpacked, up to the end of a line, and the name by which they are read.
 * @param {File} file @returns {Promise<{sample: Uint8Array, name: string, whole: boolean}>}
 */
export async function beginning(file) {
  const packed = file.name.endsWith(".gz");
  const stream = packed ? file.stream().pipeThrough(new DecompressionStream("gzip")) : file.stream();
  const reader = stream.getReader();
  const found = new Uint8Array(MOST);
  let [size, whole] = [0, false];
  while (size < MOST) {
    const { done, value } = await reader.read();
    if ((whole = done)) break;
    found.set(value.subarray(0, MOST - size), size);
    size = Math.min(MOST, size + value.length);
  }
  reader.cancel().catch(() => {});
  const end = whole ? size : found.lastIndexOf(LINE, size - 1) + 1 || size;
  return { sample: found.slice(0, end), name: packed ? file.name.slice(0, -3) : file.name, whole };
}
