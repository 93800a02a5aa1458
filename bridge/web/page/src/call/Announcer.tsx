/** Tells screen readers what eyes see happen: who comes and goes, the connection restored, a message unseen. */
import { useRoomContext } from '@livekit/components-react';
import type { ReceivedChatMessage } from '@livekit/components-react';
import { RoomEvent } from 'livekit-client';
import type { Participant } from 'livekit-client';
import { useEffect, useState } from 'react';
import { useLanguage } from '../language/useLanguage';
import { nameOf } from './nameOf';

interface AnnouncerProps {
  messages: ReceivedChatMessage[];
  chatOpen: boolean;
}

export function Announcer({ messages, chatOpen }: AnnouncerProps) {
  const { t } = useLanguage();
  const room = useRoomContext();
  const [happened, setHappened] = useState('');

  useEffect(() => {
    const joined = (someone: Participant) => setHappened(t.call.joined(nameOf(someone)));
    const gone = (someone: Participant) => setHappened(t.call.gone(nameOf(someone)));
    const restored = () => setHappened(t.call.reconnected);
    room.on(RoomEvent.ParticipantConnected, joined);
    room.on(RoomEvent.ParticipantDisconnected, gone);
    room.on(RoomEvent.Reconnected, restored);
    return () => {
      room.off(RoomEvent.ParticipantConnected, joined);
      room.off(RoomEvent.ParticipantDisconnected, gone);
      room.off(RoomEvent.Reconnected, restored);
    };
  }, [room, t]);

  const last = messages.at(-1);
  const unseen = !chatOpen && last?.from !== undefined && !last.from.isLocal ? t.chat.arrived(nameOf(last.from)) : '';
  return (
    <div className="visually-hidden">
      <p role="status">{happened}</p>
      <p role="status">{unseen}</p>
    </div>
  );
}
