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
        return HtmlPage.Of(
            $"Who had which node: {TimelinePicture.Describe(timeline, zone)}",
            $$"""
            {{new TimelinePicture(timeline, zone).Draw()}}
            <table>
            <thead><tr><th>Job</th><th>Node</th><th>Asked for</th><th>Taken in</th><th>Ended</th><th>Given back in</th><th>What was said</th></tr></thead>
            <tbody>
            {{rows}}</tbody>
            </table>
            """
        );

        string Time(DateTimeOffset? time) => time is { } known ? TimelinePicture.Clock(known, zone, precise: true) : "";
    }

    private static string Took(DateTimeOffset? from, DateTimeOffset? until) =>
        (from, until) switch
        {
            (null, _) => "",
            (_, null) => "not yet",
            var (begin, end) => TimelinePicture.Length(end.Value - begin.Value),
        };

    private static string Cell(string text) => $"<td>{TimelinePicture.Text(text)}</td>";
}
