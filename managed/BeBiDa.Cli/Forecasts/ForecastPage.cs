using System.Net;
using System.Text;
using BeBiDa.Cli.Timelines;

namespace BeBiDa.Cli.Forecasts;

/// <summary>A forecast as an HTML page.</summary>
internal static class ForecastPage
{
    public static string Of(Forecast forecast)
    {
        var sentences = ForecastText.Sentences(forecast).ToList();
        var rows = new StringBuilder();
        foreach (var row in ForecastText.Rows(forecast))
            rows.Append("<tr>").AppendJoin("", row.Select(cell => $"<td>{WebUtility.HtmlEncode(cell)}</td>")).Append("</tr>\n");
        return $$"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>What lending idle nodes would be worth</title>
            {{TimelinePage.Style}}
            </head>
            <body>
            <h1>{{WebUtility.HtmlEncode(sentences[0])}}</h1>
            <p>{{WebUtility.HtmlEncode(string.Join(' ', sentences.Skip(1)))}}</p>
            {{new GapPicture(forecast).Draw()}}
            <table>
            <thead><tr>{{string.Concat(ForecastText.Columns.Select(column => $"<th>{column}</th>"))}}</tr></thead>
            <tbody>
            {{rows}}</tbody>
            </table>
            </body>
            </html>

            """;
    }
}
