using System.Text;

namespace BeBiDa.Cli.Timelines;

/// <summary>A timeline as an HTML page: the picture, and its hand-overs as a table.</summary>
internal static class TimelinePage
{
    public static string Of(Timeline timeline, TimeZoneInfo zone)
    {
        var rows = new StringBuilder();
        foreach (var claim in timeline.Claims)
            rows.Append("<tr>")
                .Append(Cell(claim.Job))
                .Append(Cell(claim.Node))
                .Append(Cell(Time(claim.Asked)))
                .Append(Cell(Took(claim.Asked, claim.Taken)))
                .Append(Cell(Time(claim.Leaving)))
                .Append(Cell(Took(claim.Leaving, claim.Released)))
                .Append(Cell(claim.Note))
                .Append("</tr>\n");
        return $$"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>Who had which node: {{TimelinePicture.Text(TimelinePicture.Describe(timeline, zone))}}</title>
            {{Style}}
            </head>
            <body>
            {{new TimelinePicture(timeline, zone).Draw()}}
            <table>
            <thead><tr><th>Job</th><th>Node</th><th>Asked for</th><th>Taken in</th><th>Ended</th><th>Given back in</th><th>What was said</th></tr></thead>
            <tbody>
            {{rows}}</tbody>
            </table>
            </body>
            </html>

            """;

        string Time(DateTimeOffset? time) => time is { } known ? TimelinePicture.Clock(known, zone, precise: true) : "";
    }

    /// <summary>How such pages look.</summary>
    public const string Style = """
        <style>
        body{margin:0 auto;max-width:1200px;font:14px/1.45 system-ui,"Segoe UI","DejaVu Sans",sans-serif;background:#fff;color:#1c2430}
        h1,p{margin:20px 28px 0}h1{font-size:22px}
        svg{width:100%;height:auto;display:block}
        table{border-collapse:collapse;margin:8px 28px 40px;font-variant-numeric:tabular-nums}
        th,td{text-align:left;padding:4px 18px 4px 0;border-bottom:1px solid #d5dbe3;vertical-align:top;white-space:pre-line}
        th{color:#5a6675;font-weight:600}
        @media (prefers-color-scheme:dark){
        body{background:#12171f;color:#e8edf4}
        th,td{border-color:#2c3644}
        th{color:#9aa7b8}
        }
        </style>
        """;

    private static string Took(DateTimeOffset? from, DateTimeOffset? until) =>
        (from, until) switch
        {
            (null, _) => "",
            (_, null) => "not yet",
            var (begin, end) => TimelinePicture.Length(end.Value - begin.Value),
        };

    private static string Cell(string text) => $"<td>{TimelinePicture.Text(text)}</td>";
}
