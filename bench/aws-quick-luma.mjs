// Loaded before a server: Luma Ray 2 is asked after every 10 s and makes one video at a time, which is right for a service of minutes and would make
// 200 jobs of a stand-in an hour long. Nothing else is changed.
import { lumaRay2 } from '../dist/adapters/aws/bedrock/luma.js';

Object.assign(lumaRay2.capabilities, { pollSeconds: 0.3, concurrency: 4 });
