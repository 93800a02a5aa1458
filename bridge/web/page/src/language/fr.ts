/** The page in French. Typography: U+00A0 before a colon, U+202F before ; ! ?, « » and ’. */
import type { Messages } from './messages';

export const fr: Messages = {
  language: { choose: 'Langue de la page' },
  loading: 'Chargement…',
  retry: 'Réessayer',
  close: 'Fermer',

  notice: {
    title: 'Cet appel est transcrit',
    text: 'Ce que vous direz sera enregistré, mis par écrit sous le nom que vous donnez ici, puis publié dans le salon d’où vient ce lien. Les membres du salon pourront le lire.',
    soundErased: 'Le service efface le son dès que le texte est publié.',
    soundKept: 'Le son reste conservé par le service après la publication du texte.',
    soundElsewhere: (host) => `Le son et les noms des participants sont envoyés à ${host} pour la transcription.`,
    wordsElsewhere: (host) => `Le texte et les noms des participants sont envoyés à ${host} pour le compte rendu.`,
    allElsewhere: (host) =>
      `Le son, le texte et les noms des participants sont envoyés à ${host} pour la transcription et le compte rendu.`,
    allElsewhereApart: (soundHost, wordsHost) =>
      `Le son est envoyé à ${soundHost} pour la transcription, et le texte à ${wordsHost} pour le compte rendu, l’un et l’autre avec les noms des participants.`,
    notRecorded: 'Ni l’image ni la discussion écrite ne sont enregistrées.',
    staySilent: 'Pour que vos paroles ne soient pas transcrites, gardez votre micro coupé.',
    none: 'Cet appel n’est pas transcrit.',
  },

  prejoin: {
    heading: (title) => `Rejoindre l’appel «\u00a0${title}\u00a0»`,
    nameLabel: 'Votre nom',
    nameHint: 'Les autres participants le verront. 64 caractères au plus.',
    nameMissing: 'Indiquez votre nom pour rejoindre l’appel.',
    nameRefused: 'Ce nom ne peut pas être utilisé. Employez des lettres, des chiffres et des espaces.',
    preview: 'Aperçu de votre caméra',
    cameraOff: 'Caméra éteinte',
    cameraStarting: 'Démarrage de la caméra…',
    join: 'Rejoindre l’appel',
    joining: 'Entrée dans l’appel…',
    listenOnly: 'Vous entrerez sans micro\u00a0: vous entendrez les autres, et pourrez leur écrire.',
    sharedMicrophone: 'Plusieurs personnes parlent dans ce micro',
    sharedMicrophoneHint: 'La transcription distinguera alors les voix\u00a0: voix\u00a01, voix\u00a02…',
  },

  microphone: {
    label: 'Micro',
    turnOn: 'Activer le micro',
    turnOff: 'Couper le micro',
    off: 'Micro coupé',
    starting: 'Démarrage du micro…',
    level: 'Niveau du micro',
  },
  voice: { silent: 'Dites quelques mots pour essayer votre micro.', heard: 'Votre micro fonctionne.' },
  camera: { label: 'Caméra', turnOn: 'Allumer la caméra', turnOff: 'Éteindre la caméra' },
  speaker: { label: 'Haut-parleur' },
  devices: {
    title: 'Réglages du son et de l’image',
    unnamed: (index) => `Appareil ${index}`,
    byDefault: 'Appareil par défaut',
  },
  microphoneProblem: {
    denied:
      'Le navigateur n’autorise pas l’accès au micro. Pour parler, autorisez-le dans les réglages du site, à côté de l’adresse de la page.',
    missing: 'Aucun micro n’a été trouvé.',
    busy: 'Le micro est utilisé par une autre application. Fermez-la, puis activez de nouveau le micro.',
    unsupported: 'Ce navigateur ne donne pas accès au micro sur cette page.',
    failed: 'Le micro ne répond pas. Choisissez-en un autre, ou activez-le de nouveau.',
  },
  cameraProblem: {
    denied:
      'Le navigateur n’autorise pas l’accès à la caméra. Pour montrer votre image, autorisez-la dans les réglages du site, à côté de l’adresse de la page.',
    missing: 'Aucune caméra n’a été trouvée. Vous pouvez participer sans.',
    busy: 'La caméra est utilisée par une autre application. Fermez-la, puis allumez de nouveau la caméra.',
    unsupported: 'Ce navigateur ne donne pas accès à la caméra sur cette page.',
    failed: 'La caméra ne répond pas. Choisissez-en une autre, ou allumez-la de nouveau.',
  },

  call: {
    heading: (title) => `Appel «\u00a0${title}\u00a0»`,
    participants: (count) => (count > 1 ? `${count} participants` : `${count} participant`),
    grid: 'Participants',
    you: (name) => `${name} (vous)`,
    microphoneOff: 'micro coupé',
    speaking: 'parle',
    controls: 'Commandes de l’appel',
    leave: 'Quitter',
    settings: 'Réglages',
    pages: 'Pages de participants',
    page: (current, total) => `Page ${current} sur ${total}`,
    previousPage: 'Page précédente',
    nextPage: 'Page suivante',
    alone: 'Personne d’autre n’est dans l’appel pour le moment.',
    connecting: 'Connexion à l’appel…',
    reconnecting: 'Connexion perdue. Nouvelle tentative en cours…',
    reconnected: 'Connexion rétablie.',
    soundBlocked: 'Le navigateur attend votre accord pour faire entendre l’appel.',
    enableSound: 'Activer le son',
    joined: (name) => `${name} a rejoint l’appel.`,
    gone: (name) => `${name} a quitté l’appel.`,
  },
  screenShare: {
    start: 'Partager l’écran',
    stop: 'Arrêter le partage',
    by: (name) => `Écran partagé par ${name}`,
    yours: 'Vous partagez votre écran',
    failed: 'Le partage d’écran n’a pas pu commencer.',
  },
  transcription: {
    banner: 'Cet appel est transcrit',
    running: 'Transcription en cours',
    waiting: 'Transcription en attente',
    stopped: 'La transcription a été arrêtée',
    erased: 'Ce qui était enregistré est effacé',
  },
  chat: {
    title: 'Discussion',
    open: 'Ouvrir la discussion',
    close: 'Fermer la discussion',
    openWithUnread: (count) =>
      count > 1 ? `Ouvrir la discussion, ${count} nouveaux messages` : `Ouvrir la discussion, ${count} nouveau message`,
    empty: 'Aucun message pour le moment.',
    ephemeral: 'La discussion n’est pas conservée après l’appel.',
    inputLabel: 'Votre message',
    send: 'Envoyer',
    failed: 'Le message n’est pas parti. Réessayez.',
    from: (name, time) => `${name}, ${time}`,
    arrived: (name) => `Nouveau message de ${name}.`,
  },

  left: {
    title: {
      left: 'Vous avez quitté l’appel',
      ended: 'L’appel est terminé',
      removed: 'Votre participation à l’appel a été interrompue',
      elsewhere: 'Vous avez rejoint l’appel ailleurs',
      lost: 'La connexion à l’appel est perdue',
      failed: 'L’appel n’a pas pu être rejoint',
    },
    text: {
      left: 'Vous pouvez y revenir tant qu’il n’est pas terminé.',
      ended: 'Merci de votre participation.',
      removed: 'Adressez-vous à la personne qui a ouvert l’appel pour en savoir plus.',
      elsewhere: 'L’appel continue dans un autre onglet ou sur un autre appareil.',
      lost: 'Vérifiez votre connexion à internet, puis rejoignez de nouveau l’appel.',
      failed:
        'Le serveur d’appel ne répond pas à votre navigateur. Votre réseau le bloque peut-être\u00a0: réessayez, ou changez de réseau.',
    },
    transcript: 'La transcription paraîtra dans le salon d’où vient ce lien, une fois l’appel terminé.',
    rejoin: 'Revenir à l’appel',
    closeTab: 'Vous pouvez fermer cet onglet.',
  },
  problem: {
    unknown_link: {
      title: 'Lien d’appel inconnu',
      text: 'Aucun appel ne correspond à ce lien. Vérifiez qu’il est complet, ou demandez-en un nouveau dans votre salon avec la commande !visio.',
    },
    call_over: {
      title: 'Cet appel est terminé',
      text: 'Pour en ouvrir un autre, tapez !visio dans votre salon.',
    },
    call_full: {
      title: 'Cet appel est complet',
      text: 'Le nombre maximal de participants est atteint. Réessayez quand quelqu’un l’aura quitté.',
    },
    bad_name: {
      title: 'Ce nom ne peut pas être utilisé',
      text: 'Employez des lettres, des chiffres et des espaces, 64 caractères au plus.',
    },
    livekit_unreachable: {
      title: 'Le serveur d’appel ne répond pas',
      text: 'Réessayez dans un instant. Si cela dure, prévenez l’administrateur du service.',
    },
    unavailable: {
      title: 'Le service est momentanément indisponible',
      text: 'Réessayez dans un instant. Si cela dure, prévenez l’administrateur du service.',
    },
    unreachable: {
      title: 'Le service ne répond pas',
      text: 'Vérifiez votre connexion à internet, puis réessayez.',
    },
  },
  browserTooOld: 'Ce navigateur ne permet pas les appels. Mettez-le à jour, ou ouvrez ce lien dans un autre.',
};
