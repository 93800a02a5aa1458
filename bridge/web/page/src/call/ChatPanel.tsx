/** The written chat beside the call: its messages, and where to write one. */
import type { ReceivedChatMessage } from '@livekit/components-react';
import { useEffect, useRef } from 'react';
import { useLanguage } from '../language/useLanguage';
import { Icon } from '../parts/Icon';
import { ChatForm } from './ChatForm';
import { ChatMessage } from './ChatMessage';

interface ChatPanelProps {
  messages: ReceivedChatMessage[];
  sending: boolean;
  onSend: (text: string) => Promise<unknown>;
  onClose: () => void;
}

export function ChatPanel({ messages, sending, onSend, onClose }: ChatPanelProps) {
  const { t } = useLanguage();
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [messages.length]);
  return (
    // Escape closes the panel from anywhere inside it; the close button does the same for those who point.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <aside className="chat" aria-labelledby="chat-title" onKeyDown={(event) => event.key === 'Escape' && onClose()}>
      <header className="chat-header">
        <h2 id="chat-title">{t.chat.title}</h2>
        <button type="button" className="chat-close" aria-label={t.chat.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div className="chat-messages" role="log" aria-labelledby="chat-title" ref={list}>
        <p className="hint">{t.chat.ephemeral}</p>
        {messages.length === 0 && <p className="hint">{t.chat.empty}</p>}
        {messages.map((message) => (
          <ChatMessage key={message.id} message={message} />
        ))}
      </div>
      <ChatForm sending={sending} onSend={onSend} />
    </aside>
  );
}
