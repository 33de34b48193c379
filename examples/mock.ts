import { ImaRouter } from 'ima-router';
import { startMock } from 'ima-router/mock';

const mock = await startMock({ speed: 100, faults: [{ on: 'poll', act: 'reset-before', nth: 2 }] });
const ima = new ImaRouter({ baseUrl: mock.url, apiKey: mock.apiKey, poll: { minMs: 20, maxMs: 100 } });

const image = await ima.generate({ model: 'gemini-2.5-flash-image', prompt: 'a mountain village' });
console.log(image.status, mock.ledger.submits.length, mock.ledger.paidTwice());
await mock.close();
