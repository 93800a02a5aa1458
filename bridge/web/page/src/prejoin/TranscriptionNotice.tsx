/** Says before joining, in plain words, that the call is transcribed and what becomes of what is said. */
import type { CallNotice } from '../door/api';
import type { Messages } from '../language/messages';
import { useLanguage } from '../language/useLanguage';
import { Icon } from '../parts/Icon';

export function TranscriptionNotice({ notice }: { notice: CallNotice }) {
  const { t } = useLanguage();
  if (!notice.transcribed) {
    return (
      <p className="notice notice-none">
        <Icon name="info" />
        {t.notice.none}
      </p>
    );
  }
  const elsewhere = sentElsewhere(notice, t.notice);
  return (
    <section className="notice" aria-labelledby="notice-title">
      <h2 id="notice-title">
        <Icon name="record" />
        {t.notice.title}
      </h2>
      <p>{t.notice.text}</p>
      {elsewhere !== null && <p>{elsewhere}</p>}
      <p>
        {notice.sound_kept === true && `${t.notice.soundKept} `}
        {notice.sound_kept === false && `${t.notice.soundErased} `}
        {t.notice.notRecorded}
      </p>
      <p>{t.notice.staySilent}</p>
    </section>
  );
}

function sentElsewhere(
  { sound_goes_to: soundHost, words_go_to: wordsHost }: CallNotice,
  say: Messages['notice'],
): string | null {
  if (soundHost === null) return wordsHost === null ? null : say.wordsElsewhere(wordsHost);
  if (wordsHost === null) return say.soundElsewhere(soundHost);
  return soundHost === wordsHost ? say.allElsewhere(soundHost) : say.allElsewhereApart(soundHost, wordsHost);
}
