import { ImaRouter, ImaRouterError } from 'ima-router';

const ima = new ImaRouter({ journal: 'tasks/' });
const image = await ima.generate({ model: 'gemini-2.5-flash-image', prompt: 'a mountain village' });
try {
  const files = await image.download('out/', {
    name: '{model}-{index}.{ext}', // the extension follows the bytes
    maxBytes: 50_000_000,
    idleTimeoutMs: 30_000,
    onProgress: ({ bytes, total, etaSeconds }) => console.debug(bytes, total, etaSeconds),
    signal: AbortSignal.timeout(600_000),
  });
  for (const { path, bytes, sha256, skipped } of files) console.log(path, bytes, sha256, skipped ?? false);
} catch (error) {
  // The generation is done and paid. Most trouble passes: download again, it goes on where it stopped.
  if (!ImaRouterError.is(error) || !error.retryable) throw error;
  await image.download('out/', { name: '{model}-{index}.{ext}' });
}

const [output] = image.outputs;
const bytes = await output?.arrayBuffer(); // or stream(), for those who want no files
console.log(output?.kind, bytes?.byteLength);
