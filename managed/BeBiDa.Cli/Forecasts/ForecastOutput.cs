using System.Globalization;
using System.Text;
using System.Text.Json;

namespace BeBiDa.Cli.Forecasts;

/// <summary>A forecast for programs; times of nodes in hours, other times in seconds.</summary>
internal sealed record ForecastJson(
    DateTimeOffset From,
    DateTimeOffset Until,
    int Nodes,
    int Jobs,
    double NodeHours,
    double UsedNodeHours,
    double UnavailableNodeHours,
    double IdleNodeHours,
    int Gaps,
    double MedianGap,
    IReadOnlyList<ForecastPodsJson> Pods
)
{
    public static ForecastJson Of(Forecast forecast) =>
        new(
            forecast.From,
            forecast.Until,
            forecast.Nodes,
            forecast.Jobs,
            Round(forecast.All.TotalHours),
            Round(forecast.Used.TotalHours),
            Round(forecast.Unavailable.TotalHours),
            Round(forecast.Idle.TotalHours),
            forecast.Gaps.Count,
            Round(forecast.Gap(0.5).TotalSeconds),
            [.. forecast.Harvests.Select(h => ForecastPodsJson.Of(h.Model.PodLength, h.Harvest))]
        );

    internal static double Round(double number) => Math.Round(number, 3);
}

/// <summary>What a forecast says of pods of one length.</summary>
internal sealed record ForecastPodsJson(
    double PodLength,
    double LentNodeHours,
    double PodNodeHours,
    double UsefulNodeHours,
    int PodsDone,
    int PodsEnded,
    double WaitedP50,
    double WaitedP99,
    double Waited
)
{
    public static ForecastPodsJson Of(TimeSpan length, Forecasting.Harvest harvest) =>
        new(
            length.TotalSeconds,
            ForecastJson.Round(harvest.Lent.TotalHours),
            ForecastJson.Round(harvest.PodTime.TotalHours),
            ForecastJson.Round(harvest.Useful.TotalHours),
            harvest.PodsDone,
            harvest.PodsEnded,
            ForecastJson.Round(ForecastText.Quantile(harvest.Waits, 0.5).TotalSeconds),
            ForecastJson.Round(ForecastText.Quantile(harvest.Waits, 0.99).TotalSeconds),
            ForecastJson.Round(ForecastText.Sum(harvest.Waits).TotalSeconds)
        );
}

/// <summary>Writes a forecast for programs.</summary>
internal static class ForecastOutput
{
    public static string Json(Forecast forecast) =>
        $"{JsonSerializer.Serialize(ForecastJson.Of(forecast), OutputJson.Default.ForecastJson)}\n";

    /// <summary>A line for each length of pods.</summary>
    public static string Csv(Forecast forecast)
    {
        var all = ForecastJson.Of(forecast);
        var text = new StringBuilder(
            "from,until,nodes,jobs,node_hours,used_node_hours,unavailable_node_hours,idle_node_hours,gaps,median_gap_seconds,"
                + "pod_seconds,lent_node_hours,pod_node_hours,useful_node_hours,pods_done,pods_ended,waited_p50_seconds,waited_p99_seconds,waited_seconds\n"
        );
        foreach (var pods in all.Pods)
            text.Append(
                    CultureInfo.InvariantCulture,
                    $"{all.From:yyyy-MM-ddTHH:mm:sszzz},{all.Until:yyyy-MM-ddTHH:mm:sszzz},{all.Nodes},{all.Jobs},{all.NodeHours},{all.UsedNodeHours},{all.UnavailableNodeHours},{all.IdleNodeHours},{all.Gaps},{all.MedianGap},"
                )
                .Append(
                    CultureInfo.InvariantCulture,
                    $"{pods.PodLength},{pods.LentNodeHours},{pods.PodNodeHours},{pods.UsefulNodeHours},{pods.PodsDone},{pods.PodsEnded},{pods.WaitedP50},{pods.WaitedP99},{pods.Waited}\n"
                );
        return text.ToString();
    }
}
