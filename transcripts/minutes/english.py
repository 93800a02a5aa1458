"""What the rules listen for in English."""

from __future__ import annotations

import re
from typing import Final

from transcripts.minutes import english_dates as dates
from transcripts.minutes.cues import Cues, anywhere, begins, opening, pattern
from transcripts.minutes.stopwords import ENGLISH_STOPWORDS, ENGLISH_STUTTERS, ENGLISH_UNFINISHED

_SOON: Final = (
    r"(?:also |just |then |probably |definitely |try to |go and |be sure to |make sure to |take care of |"
    r"quickly |personally )*"
)
_VERB: Final = r"([a-z]+)"
ENGLISH: Final = Cues(
    yes=begins(
        r"yes",
        r"yeah",
        r"yep",
        r"sure",
        r"ok(?:ay)?",
        r"of course",
        r"agreed",
        r"certainly",
        r"absolutely",
        r"definitely",
        r"no problem",
        r"will do",
        r"sounds (?:good|great|fine)",
        r"good idea",
        r"great idea",
        r"perfect",
        r"i(?:'ll| will) do (?:it|that)",
        r"i(?:'ll| will) take care",
        r"deal",
        r"works for me",
        r"fine (?:with|by|for) me",
        r"fine",
        r"great",
        r"happy to",
        r"i agree",
        r"alright",
        r"all right",
        r"let's do (?:it|that)",
        r"i can do (?:it|that)",
        r"noted",
        r"exactly",
        r"right",
        r"that works",
        r"why not",
        r"(?:(?:ah|oh|well|um|uh)\W+)+(?:yes|yeah|sure|ok(?:ay)?|great|of course|perfect|fine|absolutely)",
    ),
    agreed=anywhere(
        r"\b(?:that )?makes sense\b",
        r"\b(?:good|great|excellent) idea\b",
        r"\bi (?:totally |completely |fully )?agree\b",
        r"\bsounds (?:good|great|fine|right)\b",
        r"\bworks for (?:me|us)\b",
        r"\bthat works\b",
        r"\bfine (?:with|by|for) (?:me|us)\b",
        r"\bno objections?\b",
        r"^\W*agreed\b",
        r"\bi'm (?:in|for it|happy with (?:that|it))\b",
        r"^\W*(?:yes|yeah|ok|okay)\W+(?:we should|we could|let's|please)\b",
    ),
    settled=anywhere(
        r"\blet's (?:do|go with|go for|keep|take) (?:that|it|this)\b",
        r"\bwe(?:'ll| will) (?:do|go with|take) (?:that|it|this)\b",
        r"^\W*(?:(?:ok|okay|yes|good|great|alright|so)\W+)*(?:(?:that's|it's|that is|"
        r"it is) )?(?:then )?(?:decided|agreed|settled|approved|adopted|a deal|deal)(?: then)?\W*$",
        r"\b(?:that's|it's|that is|it is|this is) (?:then )?(?:decided|settled|agreed|approved)\b(?! (?:by|on|"
        r"that))",
        r"\bmotion (?:carried|carries|passed)\b",
        r"\bwe(?:'re| are) all agreed\b",
        r"\beveryone agrees\W*$",
        r"\bcarried unanimously\b",
        r"\bconsider it (?:decided|approved)\b",
    ),
    no=anywhere(
        r"^\W*(?:\w+\W+){0,2}(?:no|nope|not really|not sure)\b(?! (?:problem|objection))",
        r"\b(?:yes|yeah|ok|okay|agreed)\b\W+but\b",
        r"\bi (?:don't|do not|can't|cannot|wouldn't|disagree)\b",
        r"\bi(?:'d| would) (?:rather|prefer)\b",
        r"\bwe'll see\b",
        r"\bhowever\b",
        r"\binstead\b",
        r"\blet me think\b",
    ),
    takes=pattern(
        r"i(?:'ll| will) (?:do|take|handle) (?:it|that|this|care)",
        r"i(?:'ll| will) take care of (?:it|that|this)",
        r"i can (?:do|take|handle) (?:it|that|this)",
        r"i can take care of (?:it|that|this)",
        r"i(?:'m| am) on it",
        r"leave it (?:to|with) me",
        r"count on me",
        r"i(?:'ll| will) look after (?:it|that)",
        r"i(?:'ll| will) see to (?:it|that)",
    ),
    unknown=anywhere(
        r"\bunclear\b",
        r"\bi (?:do not|don't) (?:really |actually )?know\b",
        r"\bno idea\b",
        r"\bwe (?:do not|don't) know\b",
        r"\bgood question\b",
        r"\bnot sure\b",
        r"\bwe(?:'ll| will) (?:have to )?(?:see|find out|check)\b",
        r"\bto be (?:confirmed|determined|decided|checked)\b",
        r"\bi(?:'d| would| will|'ll) (?:have|need) to (?:check|ask|look)\b",
        r"\bi (?:have|need) to (?:check|ask)\b",
        r"\bnot (?:yet )?(?:decided|clear|settled|fixed)\b",
        r"\bi have no (?:answer|information)\b",
        r"\bcome back to (?:that|this|it)\b",
        r"\bnot yet\W*$",
        r"\bremains to be seen\b",
    ),
    decided=pattern(
        r"we(?:'ve| have| all| both|'ve all| have all| have now| therefore| hereby)? (?:decided?|agreed?|"
        r"settled|chosen|approved?|adopt(?:ed)?|concluded|opted|resolved|picked|selected)(?: to| on| that|"
        r" for)?",
        r"(?:it's|it is|that's|that is|this is|is|are|was|were|has been|have been) (?:now |hereby |therefore |"
        r"all )?(?:decided|agreed|settled|approved|adopted|a go)",
        r"(?:the |our |a )?decision (?:is|was|has been) (?:made|taken|to|that)",
        r"decision(?= ?:)",
        r"agreed(?= ?:)",
        r"(?:let's|let us) (?:all |just |also )?(?!(?:get|start|begin|see|move on|talk|discuss|look|"
        r"take a look|have a look|hear|"
        r"continue|say|go (?:back|to|on|through|over|around)|go\b(?! (?:with|for|ahead))|face|wait\b(?! until)|"
        r"hope|assume|"
        r"not|be|try|think|imagine|turn|come|take a break|do (?:it|that|this)|check(?! with)|"
        r"review the (?:agenda|minutes|"
        r"schedule)|"
        r"recap|summari|quickly|jump|dive|give|remember|finish|stop|pause|listen)\b)\w+",
        r"we(?:'re| are) going (?:with|for|ahead with)",
        r"we(?:'ll| will) (?:go with|go for|go ahead with|stick (?:with|to)|keep|drop)",
        r"we(?:'re| are) (?:all )?agreed (?:on|that|to)",
        r"we have (?:an agreement|a decision)",
        r"everyone agrees (?:to|that|on)",
        r"we(?:'re| are) (?:dropping|postponing|cancelling|canceling|keeping|switching to|"
        r"moving to(?! the next))",
    ),
    announced=anywhere(
        r"\bdecision (?:is|was|has been) (?:made|taken)\b(?: on \w+| last \w+| yesterday| today|"
        r" this morning)?\W*$",
        r"^\W*(?:(?:yes|yeah|ok|okay|so|well)\W+)*(?:that's|it's|that is|it is) (?:decided|agreed|settled|"
        r"approved)(?: then)?\W*$",
        r"^\W*(?:(?:ok|okay|so|well|yes)\W+)*(?:decision|agreed|decided)\W*$",
        r"^\W*(?:(?:yes|ok|okay|so|well)\W+)*we(?:'ve| have) (?:decided|a decision|agreed)\W*$",
    ),
    concluded=begins(
        r"(?:(?:ok|okay|alright|all right|good|great|right|perfect|fine|agreed|yes)\W+)*(?:so|then|"
        r"in that case|therefore)",
        r"(?:ok|okay|alright|all right|agreed)",
    ),
    proposed=pattern(
        r"(?:okay|ok|alright|fine|good) (?:with|for|by) (?:everyone|everybody|you all)",
        r"is (?:that|this) (?:okay|ok|alright|fine)",
        r"i (?:would |'d )?(?:suggest|propose|recommend)",
        r"i'd (?:suggest|propose|recommend)",
        r"why (?:don't|not)(?: we)?",
        r"what if we",
        r"how about",
        r"what about (?:\w+ing)",
        r"shall we",
        r"can we (?:agree|say)",
        r"my (?:proposal|suggestion) (?:is|would be)",
        r"we propose",
        r"are we (?:all )?(?:agreed|ok|okay|fine)",
        r"does everyone agree",
    ),
    wished=pattern(
        r"we (?:should|could|might|ought to)(?! (?:be able|see|say))",
        r"we can(?! (?:see|hear|say))",
        r"it would be (?:good|better|useful|great|nice) (?:to|if)",
        r"maybe we",
        r"perhaps we",
        r"i think we (?:should|could)",
        r"we'd better",
        r"we (?:may|might) want to",
    ),
    tag=re.compile(
        r",? (?:is )?(?:that |this )?(?:okay|ok|alright|fine|good)(?: (?:with|for|by) (?:everyone|everybody|"
        r"you|all)(?: all)?)?\s*$|"
        r",? (?:does )?everyone (?:agree|agreed|okay|ok)\s*$|,? (?:agreed|right|deal)\s*$"
    ),
    next_meeting=anywhere(
        r"\bnext (?:meeting|call|session) (?:is|will be|takes place|will take place)\b",
        rf"\b(?:we|let's|let us|we'll|we will) (?:all )?(?:meet|talk|speak|reconvene|"
        rf"catch up) again\b.*(?:{dates.DAY}|{dates.MONTH}|in {dates.NUMBER}|tomorrow|next)",
    ),
    i_will=pattern(
        r"i(?:'ll| will) have (?:\w+ ){1,4}(?:ready|done|finished)",
        rf"i(?:'ll| will| shall) {_SOON}{_VERB}",
        rf"i(?:'m| am) (?:going|gonna)(?: to)? {_SOON}([a-z]+)",
        r"i(?:'ll| will) get back to",
        r"i(?:'ll| will) take care of",
        r"i promise to",
    ),
    i_do=pattern(
        r"i(?:'m| am) (\w+ing)",
        r"i ((?!will\b|am\b|have\b|had\b|was\b|do\b|can\b|could\b|would\b)[a-z]+)",
    ),
    i_give=pattern(
        r"i(?:'m| am) (sending|preparing|writing|sharing|contacting|handling) (?:you|them|him|her|it|that|this|"
        r"the)"
    ),
    i_can=pattern(rf"i (?:can|could) {_SOON}{_VERB}", r"i(?:'m| am) happy to", r"i(?:'d| would) be (?:happy|glad) to"),
    we_will=pattern(rf"we(?:'ll| will| shall) (?:all )?{_SOON}{_VERB}", rf"we(?:'re| are) going to {_SOON}([a-z]+)"),
    we_do=pattern(
        r"we(?:'re| are) (\w+ing)",
        r"we ((?!will\b|are\b|have\b|had\b|were\b|do\b|can\b|could\b|would\b|did\b)[a-z]+(?<!ed))",
    ),
    must=pattern(
        rf"(?:we|i|someone|somebody|they|it|that|he|she) (?:still |also |really )?(?:(?:need|needs|have|has|"
        rf"'ve got|'s got) to|must) {_SOON}{_VERB}",
        r"(?:need|needs|has|have) to be (\w+(?:ed|en|nt|t|ne|wn))",
        r"must (?:be )?([a-z]+)",
        r"i (?:still )?(?:need|require) (?:the|a|an|your|their)",
        r"it (?:will|'ll) ([a-z]+)(?=.* (?:by|before) )",
    ),
    you_must=pattern(r"you (?:need|have) to", r"you must", r"you should"),
    due=pattern(
        r"(?:is|are) due(?: on| by| in| before)?",
        r"deadline (?:is|was set)",
        r"(?:has|have) to be (?:in|ready|done|finished|submitted|delivered) (?:by|before|on)",
    ),
    request=pattern(
        rf"(?:can|could|would|will) (?:you|someone|somebody|anyone)(?: please)? {_SOON}{_VERB}",
        r"would you mind (\w+ing)",
        rf"(?:do you think |maybe |perhaps )?you (?:can|could)(?: please| maybe)? {_SOON}([a-z]+)",
    ),
    order=pattern(
        r"please(?:,| do| also)? ((?!go\b|let me\b|note\b|continue\b|start\b|wait\b|feel\b|stop\b|mute\b|"
        r"speak\b|repeat\b|say\b|correct\b|take a seat\b)[a-z]+)",
        r"don't forget to",
        r"make sure (?:to|that|you)",
        r"remember to",
        r"i(?:'ll| will) (?:let|leave) you (?:to )?((?!go\b|continue\b|start\b|speak\b|talk\b|present\b|"
        r"know\b)[a-z]+)",
        r"i(?:'m| am) counting on you",
    ),
    you_will=pattern(rf"you(?:'ll| will) {_SOON}{_VERB}", rf"you(?:'re| are) going to {_SOON}([a-z]+)"),
    he_will=begins(
        rf",? (?:who |he |she )?(?:will|is going to|needs to|has to|must|is to|shall) {_SOON}{_VERB}",
        rf"'(?:ll|s going to) {_SOON}([a-z]+)",
        r",? (?:who )?(?:takes care of|is responsible for|is in charge of|takes over|handles)",
        r",? (?:who )?(?:prepares|sends|writes|contacts|organises|organizes|books)",
        r" to ((?:send|prepare|write|contact|check|book|organise|organize|review|update|call|share|draft|"
        r"follow|fix|provide|confirm)\b)",
    ),
    he_does=begins(r",? (?:is )?(\w+ing)", r",? (\w+s)"),
    for_name=re.compile(r"(?:\baction(?: item| point)? (?:for|on|to)|\bassigned to|\bthis (?:one )?is for)\W*$"),
    not_an_action=re.compile(
        r"(?:(?:tell|ask|inform|show|present) (?:you|everyone|everybody|us|that|this|a question|if|whether)|"
        r"say|explain|"
        r"start|begin|talk|speak|go\b|come|leave|read|repeat|add\b|see\b|look\b|wait|stop|conclud|summari|"
        r"finish|end\b|continu|stay|try|remind|discuss|mention|listen|share|"
        r"describ|introduc|join|give|hand|let|keep\b|hear|guess|think|hope|suppose|need|want|love|like|admit|"
        r"bet|move|turn|pass\b|review|cover|walk|jump|get\b(?! (?:an?|the|their|his|her) (?:answer|quote|"
        r"approval|estimate|offer|signature))|mute|"
        r"understand|know|believe|imagine|remember|notice|miss|rejoin|return|answer|reply|agree\b|decide\b|"
        r"do\b(?! the)|"
        r"take\b|make\b|put\b|appreciate|thank|call it|click|scroll)"
    ),
    never_an_action=re.compile(
        r"(?:be|have|has|had|am|is|are|was|were|not|never|can|could|would|should|think|know|believe|guess|hope|"
        r"feel|love|like|want|need|mean|see|heard?|suppose|agree|understand|remember|wonder|wish|said|told|did|"
        r"does|do|don't|went|got|saw|sent|made|took|put|asked|\w+ed|probably|also|just|still|really|only|going|"
        r"being|having|thinking|hoping|talking|saying|wondering|looking|"
        r"happen|depend|mind|apologi[sz]e|respect|miss|there|all|both)$"
    ),
    refers=pattern(
        r"(?:i(?:'ll| will| can|'m going to)|please|we(?:'ll| will)) (?:also |then )?[a-z]+ (?:to |with |for )?"
        r"(?:it|them|him|her|that|this)",
        r"(?:can|could) you (?:please )?[a-z]+ (?:it|them|him|her|that|this)",
        r"who (?:is going to |will |can |wants to )?[a-z]+ (?:it|them|that|this)",
    ),
    deadline=dates.DEADLINE,
    question=anywhere(
        r"^\W*(?:(?:and|so|but|ok|okay|well)\W+)*(?:what|who|where|how (?:much|many|do|are|is|can|should|will|"
        r"long)|why|which|when) (?:is|are|was|were|do|does|did|can|could|should|will|would|have|has|about|"
        r"\w+ (?:is|are|do|does|did|will))\b",
        r"^\W*(?:can|could|would|will|do|did|have|are|is|should|shall) (?:you|we|they|there|it|i)\b",
        r"\bdo (?:you|we) know\b.*\?",
    ),
    left_open=pattern(
        r"we (?:still |just )?(?:don't|do not) (?:yet |really |still )?know(?: yet)?",
        r"we still (?:need|have) to (?:find out|decide|determine|clarify|figure out|check|see|agree|confirm)",
        r"(?:is|are|remains|it's) (?:still )?(?:unclear|open|undecided|to be (?:decided|confirmed|determined|"
        r"clarified|defined|seen))",
        r"open question",
        r"it's not clear",
        r"is not (?:yet )?clear",
        r"we (?:haven't|have not|did not|didn't) (?:yet )?(?:decided?|agreed?|settled?|chosen|choose|fixed|"
        r"resolved?)(?: yet)?",
        r"(?:not|hasn't|has not|isn't|is not|haven't|have not) (?:been )?(?:yet )?(?:decided|settled|agreed|"
        r"fixed|confirmed|resolved)(?: yet)?",
        r"nothing (?:is|has been) (?:decided|settled)",
        r"the question (?:is|remains) (?:whether|how|who|when|open|still)",
        r"i wonder (?:whether|if|how|who|when)",
        r"needs? (?:clarification|to be clarified|to be decided)",
        r"up in the air",
        r"still pending",
    ),
    denied=pattern(
        r"not", r"no", r"never", r"nothing", r"\w+n't", r"cannot", r"without", r"nobody", r"neither", r"hardly"
    ),
    denied_after=begins(r"nothing", r"neither", r"before", r"earlier", r"by (?:them|others)", r"last", r"long ago"),
    hypothetical=pattern(
        r"if",
        r"when",
        r"once",
        r"unless",
        r"until",
        r"before",
        r"after",
        r"whether",
        r"suppose",
        r"imagine",
        r"should",
        r"could",
        r"would",
        r"might",
        r"may",
        r"must",
        r"need to",
        r"needs to",
        r"have to",
        r"had to",
        r"wish",
        r"they",
        r"he (?:said|says|thinks|told \w+)",
        r"she (?:said|says|thinks|told \w+)",
        r"\w+ (?:said|says|claims|told (?:me|us))(?: that)?",
        r"had",
        r"i thought",
        r"can",
        r"as soon as",
        r"so that",
        r"in case",
        r"assuming",
        r"provided",
        r"what",
        r"how",
        r"who",
        r"because",
    ),
    condition=begins(r"(?:(?:and|but|yes|no|so|well)\W+)?(?:if|when|once|unless|in case|as soon as)"),
    past=pattern(
        r"last (?:year|month|week|time|summer|quarter)",
        r"back then",
        r"years ago",
        r"months ago",
        r"weeks ago",
        r"previously",
        r"used to",
        r"in the past",
    ),
    small_talk=anywhere(
        r"^\W*(?:hi|hello|hey|good (?:morning|afternoon|evening)|welcome)\b",
        r"\b(?:have|enjoy) (?:a|your) (?:\w+ )?(?:day|evening|weekend|afternoon|week)\b",
        r"\b(?:good)?bye\b",
        r"\bsee you\b",
        r"^\W*(?:ok\W+)?(?:thank you|thanks)\b(?!.{70})",
        r"\bthank(?:s| you) (?:all|everyone|everybody|for)\b",
        r"\b(?:can|could|do) (?:you|everyone|everybody|all of you|we)(?: all| still)? (?:hear|see)\b",
        r"\b(?:hear|see) (?:me|you)\b",
        r"\b(?:you're|you are|i'm|i am|i was) (?:on )?mute",
        r"\b(?:micro(?:phone)?|camera|screen)\b.*\b(?:on|off|shar\w+|see)\b",
        r"\bshare (?:my|your) screen\b",
        r"\b(?:today )?(?:we|i) (?:will|'ll|are going to|want to) (?:review|discuss|talk|go through|cover|"
        r"look at|start)\b",
        r"\blet's (?:get started|start|begin|move on|talk about|go to)\b",
        r"\bis everyone here\b",
        r"\bnice to (?:see|meet)\b",
        r"\bhow are you\b",
        r"\bthe next (?:point|item|topic)\b.{0,30}$",
        r"\bover to you\b",
        r"\b(?:that is|that's) (?:very |really )?(?:good|great) news\b",
        r"\bi have a question\b.{0,60}$",
        r"^\W*have a question\b.{0,60}$",
        r"^\W*yes,? (?:we|i) (?:can|do|have)\W*$",
        r"\bi(?:'ve got to| have to| need to| must|'ll have to| will have to) (?:drop(?: off| out)?|leave|go|run|jump|"
        r"head off)\b(?= (?:now|soon|in|at|early)\b|\W*$|,)",
    ),
    telling=pattern(
        r"important\w*",
        r"problems?",
        r"issues?",
        r"risks?",
        r"urgent",
        r"main",
        r"priorit\w+",
        r"delay\w*",
        r"late",
        r"broken",
        r"block\w+",
        r"budget",
        r"costs?",
        r"missing",
        r"increas\w+",
        r"decreas\w+",
        r"drop\w*",
        r"goals?",
        r"results?",
        r"finished",
        r"completed?",
        r"deliver\w+",
        r"signed",
        r"require\w*",
        r"conclusion",
        r"summary",
        r"in total",
        r"on average",
        r"reported",
        r"unfortunately",
        r"will take place",
        r"takes place",
        r"slow",
        r"spent",
        r"due",
        r"deadline",
        r"released?",
        r"launch\w*",
        r"cannot",
        r"comments?",
    ),
    figures=anywhere(
        r"\d",
        rf"\b(?:{dates.MONTH}|{dates.DAY})\b",
        r"\b(?:percent|per cent|euros?|dollars?|pounds|thousand|millions?|hundreds?|twenty|thirty|forty|fifty|"
        r"sixty|seventy|eighty|ninety|twelve|eleven|ten|dozen)\b",
        r"\b(?:two|three|four|five|six|seven|eight|nine) (?:\w+ )?(?:days|weeks|months|years|times|people|"
        r"partners)\b",
    ),
    leaning=begins(
        r"i(?! suggest| propose| recommend|'d suggest|'d propose)",
        r"(?:but |and |because |so )?(?:it|they|he|she|that(?! is why)|this|those|these|them|which|there it|"
        r"otherwise|same|also|too|the same|the others?)",
        r"(?:and|but|or|because|except|then)",
    ),
    stopwords=ENGLISH_STOPWORDS,
    fillers=anywhere(
        r"(?:^|(?<=[\s,]))(?:u+h+m*|u+m+|e+rm*|hm+|mm+|ah+|huh)\b[,.…]*\s*",
        r",? (?:you know|i mean|like|sort of|kind of|let's say|you see|basically|actually)(?=,),",
        r",? (?:you know|right|huh)(?=[.!…]?$)",
    ),
    openers=opening(
        r"(?:so|well|okay|ok|alright|all right|right|yeah|yes|yep|and so|and|then|great|perfect|good|sure|"
        r"of course|anyway|now|oh|absolutely|exactly|definitely|good idea|ok|you know|actually|basically|"
        r"thank you|thanks|"
        r"wait|i'm on it|no)\s*[,.!:…]+\s*",
        r"(?:so|and|well|okay|yeah|ok|then)\s+(?!that\b)",
    ),
    stutters=ENGLISH_STUTTERS,
    unfinished=ENGLISH_UNFINISHED,
)
