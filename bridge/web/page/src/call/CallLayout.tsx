/** What is where during the call: banner, notices, stage, chat, controls. */
import { useChat, useParticipants } from '@livekit/components-react';
import { useCallback, useRef, useState } from 'react';
import type { CallNotice } from '../door/api';
import { useLanguage } from '../language/useLanguage';
import { Heading } from '../parts/Heading';
import { LanguageSwitch } from '../language/LanguageSwitch';
import { Announcer } from './Announcer';
import type { DeviceTrouble } from '../devices/deviceProblem';
import { CallNotices } from './CallNotices';
import { ChatPanel } from './ChatPanel';
import { ControlBar } from './ControlBar';
import { Stage } from './Stage';
import { TranscriptionBanner } from './TranscriptionBanner';
import { useUnread } from './useUnread';

interface CallLayoutProps {
  notice: CallNotice;
  trouble: DeviceTrouble | undefined;
  onDeviceError: (kind: DeviceTrouble['kind'], error: unknown) => void;
  onTroubleRead: () => void;
  onRecordingEnd: () => void;
}

export function CallLayout({ notice, trouble, onDeviceError, onTroubleRead, onRecordingEnd }: CallLayoutProps) {
  const { t } = useLanguage();
  const participants = useParticipants();
  const { chatMessages, send, isSending } = useChat();
  const [chatOpen, setChatOpen] = useState(false);
  const unread = useUnread(chatMessages, chatOpen);
  const chatButton = useRef<HTMLButtonElement>(null);

  const closeChat = useCallback(() => {
    setChatOpen(false);
    chatButton.current?.focus();
  }, []);

  return (
    <div className="call">
      <header className="call-header">
        <Heading documentTitle={t.call.heading(notice.title)}>{notice.title}</Heading>
        <p className="call-count">{t.call.participants(participants.length)}</p>
        <LanguageSwitch />
      </header>
      <TranscriptionBanner transcribed={notice.transcribed} onRecordingEnd={onRecordingEnd} />
      <CallNotices trouble={trouble} onTroubleRead={onTroubleRead} />
      <main className="call-main">
        <Stage alone={participants.length < 2} />
        {chatOpen && <ChatPanel messages={chatMessages} sending={isSending} onSend={send} onClose={closeChat} />}
      </main>
      <ControlBar
        chatOpen={chatOpen}
        unread={unread}
        chatButton={chatButton}
        onChat={() => (chatOpen ? closeChat() : setChatOpen(true))}
        onDeviceError={onDeviceError}
      />
      <Announcer messages={chatMessages} chatOpen={chatOpen} />
    </div>
  );
}
