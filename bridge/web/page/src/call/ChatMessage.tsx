/** One chat message: who, when, what; always as plain text. */
import type { ReceivedChatMessage } from '@livekit/components-react';
import { useLanguage } from '../language/useLanguage';
import { nameOf } from './nameOf';

const LOCALES = { fr: 'fr-FR', en: 'en-GB' };

export function ChatMessage({ message }: { message: ReceivedChatMessage }) {
  const { language, t } = useLanguage();
  const time = new Date(message.timestamp).toLocaleTimeString(LOCALES[language], {
    hour: '2-digit',
    minute: '2-digit',
  });
  const sender = message.from;
  const name = sender === undefined ? '?' : nameOf(sender);
  return (
    <article className={sender?.isLocal === true ? 'chat-message chat-message-mine' : 'chat-message'}>
      <p className="chat-from">{t.chat.from(sender?.isLocal === true ? t.call.you(name) : name, time)}</p>
      <p className="chat-text">{message.message}</p>
    </article>
  );
}
