using System.Net;

namespace BeBiDa.Cli;

/// <summary>A page that stands alone: no other file, no script, light or dark as its reader has it.</summary>
internal static class HtmlPage
{
    /// <summary>The page.</summary>
    /// <param name="title">Its title.</param>
    /// <param name="body">What is on it, in HTML.</param>
    /// <param name="style">What it looks like beyond the usual, in CSS; may be empty.</param>
    public static string Of(string title, string body, string style = "") =>
        $$"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>{{WebUtility.HtmlEncode(title)}}</title>
            <style>
            body{margin:0 auto;max-width:1200px;font:14px/1.45 system-ui,"Segoe UI","DejaVu Sans",sans-serif;background:#fff;color:#1c2430}
            h1,p,dl{margin:16px 28px}
            h1{margin-top:36px;font-size:26px;line-height:1.3;font-weight:650}
            svg{width:100%;height:auto;display:block}
            table{border-collapse:collapse;margin:8px 28px 40px;font-variant-numeric:tabular-nums}
            th,td{text-align:left;padding:4px 18px 4px 0;border-bottom:1px solid #d5dbe3;vertical-align:top;white-space:pre-line}
            th,dt{color:#5a6675;font-weight:600}
            {{style}}
            @media (prefers-color-scheme:dark){
            body{background:#12171f;color:#e8edf4}
            th,td{border-color:#2c3644}
            th,dt{color:#9aa7b8}
            }
            </style>
            </head>
            <body>
            {{body}}
            </body>
            </html>

            """;
}
