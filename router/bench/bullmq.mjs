// The peer of bullmq.py: prioritised add → process, in one process, on the store that is given.
// node bullmq.mjs FOLDER-WITH-NODE_MODULES SOCKET CHUNK
// Reads a number a line: so many jobs are added and processed, and one JSON line says how it went.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const [folder, socket, chunk] = [process.argv[2], process.argv[3], Number(process.argv[4])];
const { Queue, Worker } = createRequire(folder + '/')('bullmq');
const Redis = createRequire(folder + '/')('ioredis');
const open = () => new Redis({ path: socket, maxRetriesPerRequest: null });

const processed = new Set();
let twice = 0, wanted = 0, done = () => {};
const queue = new Queue('contacts', {
  connection: open(),
  defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
});
const worker = new Worker('contacts', async (job) => {
  if (processed.has(job.data.contact)) twice += 1;
  processed.add(job.data.contact);
}, { connection: open(), concurrency: chunk });
worker.on('completed', () => { wanted -= 1; if (wanted === 0) done(); });
await worker.waitUntilReady();

async function round(jobs) {
  processed.clear();
  twice = 0;
  wanted = jobs;
  const finished = new Promise((resolve) => { done = resolve; });
  const begun = process.hrtime.bigint();
  for (let from = 0; from < jobs; from += chunk) {
    const some = [];
    for (let n = from; n < Math.min(from + chunk, jobs); n += 1) {
      some.push({
        name: 'contact',
        data: { contact: n, channel: 'chat', language: 'en', skills: ['topic1'] },
        opts: { priority: 1 + (n % 25) },
      });
    }
    await queue.addBulk(some);
  }
  await finished;
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  return { seconds, twice, lost: jobs - processed.size };
}

console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await round(Number(line))));
}
await worker.close();
await queue.close();
process.exit(0);
