using System.Net;
using System.Text;

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
        return HtmlPage.Of(
            "What lending idle nodes would be worth",
            $$"""
            <h1>{{WebUtility.HtmlEncode(sentences[0])}}</h1>
            <p>{{WebUtility.HtmlEncode(string.Join(' ', sentences.Skip(1)))}}</p>
            {{new GapPicture(forecast).Draw()}}
            <table>
            <thead><tr>{{string.Concat(ForecastText.Columns.Select(column => $"<th>{column}</th>"))}}</tr></thead>
            <tbody>
            {{rows}}</tbody>
            </table>
            """
        );
    }
}
