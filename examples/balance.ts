import { ImaRouter, InsufficientBalanceError } from 'ima-router';

const ima = new ImaRouter();
const { balanceUsd, usedUsd } = await ima.account.balance();
console.log(`${balanceUsd} left, ${usedUsd} spent`);
try {
  const task = await ima.submit({ model: 'seedance-2.0', prompt: 'a fox in the snow' });
  console.log('bought', task.id);
} catch (error) {
  if (!(error instanceof InsufficientBalanceError)) throw error;
  console.error(error.message, error.balanceUsd); // what was left when somebody last asked
}
