/** A shared screen, as large as there is room for, with whose it is. */
import { VideoTrack } from '@livekit/components-react';
import type { TrackReference } from '@livekit/components-react';
import { useLanguage } from '../language/useLanguage';
import { nameOf } from './nameOf';

export function SharedScreen({ screen }: { screen: TrackReference }) {
  const { t } = useLanguage();
  const caption = screen.participant.isLocal ? t.screenShare.yours : t.screenShare.by(nameOf(screen.participant));
  return (
    <figure className="shared-screen">
      <VideoTrack trackRef={screen} aria-label={caption} />
      <figcaption>{caption}</figcaption>
    </figure>
  );
}
