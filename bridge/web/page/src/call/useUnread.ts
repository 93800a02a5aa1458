/** How many chat messages of others arrived since the chat was last open. */
import type { ReceivedChatMessage } from '@livekit/components-react';
import { useState } from 'react';

export function useUnread(messages: ReceivedChatMessage[], open: boolean): number {
  const fromOthers = messages.filter((message) => message.from?.isLocal !== true).length;
  const [read, setRead] = useState(0);
  if (open && read !== fromOthers) setRead(fromOthers);
  return open ? 0 : fromOthers - read;
}
