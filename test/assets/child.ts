// A process that ensures an asset, to be killed on the way.

import { ImaRouter } from '../../src/index.js';

const [baseUrl = '', journal = '', source = '', model = ''] = process.argv.slice(2);
const ima = new ImaRouter({ apiKey: 'sk-test-0123456789', baseUrl, journal, poll: { minMs: 10, maxMs: 60 } });
await ima.assets.ensure(source, { for: model });
