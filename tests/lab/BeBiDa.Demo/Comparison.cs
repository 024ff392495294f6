using BeBiDa.EmbeddedApi;
using BeBiDa.Site;
using Spectre.Console;

namespace BeBiDa.Demo;

/// <summary>What a hand-over adds to a job's time: by the plugin, and by scripts beside it in the same run.</summary>
internal static class Comparison
{
    private const int Rounds = 5;

    public static async Task RunAsync(ApiServerKind api, Narrator narrator, Claims claims)
    {
        narrator.Chapter($"What a hand-over costs: srun -N8 true on empty nodes, {Rounds} rounds, one after the other in turn");
        var cost = await HandOverCost.MeasureAsync(api, Rounds);
        var (most, least) = (cost.MostAddedByPlugin, cost.LeastAddedByScripts);
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumns("hand-over by", "srun -N8 true, median", "added by the hand-over");
        table.AddRow("nobody", $"{cost.Nobody.Median:0.000} s", "-");
        table.AddRow("the plugin", $"{cost.Plugin.Median:0.000} s", $"at most {most:0.000} s");
        table.AddRow("scripts (kubectl, node after node)", $"{cost.Scripts.Median:0.000} s", $"at least {least:0.000} s");
        narrator.Show(table);
        narrator.Say(
            "",
            most > 0 && least > most
                ? $"the scripts add {Math.Floor(least / most):0} times what the plugin adds, or more"
                : "this host was too busy to tell by how much the two differ"
        );
        claims.Add("a hand-over by the plugin adds less than one by scripts", cost.AddedByPlugin < cost.AddedByScripts);
    }
}
