using System.CommandLine;
using System.Text.Json;
using BeBiDa.Bench;
using BeBiDa.Harvest.Daemons;
using BeBiDa.Harvest.Replay;
using BeBiDa.Lab;

namespace BeBiDa.Harvest.Page;

/// <summary>The command that writes docs/harvest.md and its pictures.</summary>
internal static class PageCommand
{
    public static Command Create()
    {
        var measure = new Option<bool>("--measure")
        {
            Description = "Run the cells on real daemons first, for an hour; without it, earlier runs are shown",
        };
        var command = new Command("page", "Writes docs/harvest.md and its pictures.") { measure };
        command.SetAction(
            async (arguments, stop) =>
            {
                var root = PluginBuild.RepositoryRoot();
                var results = Directory.CreateDirectory(Path.Combine(root, "build", "bench", "harvest")).FullName;
                if (arguments.GetValue(measure) && !await MeasureAsync(results, stop))
                    return 1;
                var runs = NamedCell
                    .All.SelectMany(cell => cell.Runs.Select(run => (cell, file: Path.Combine(results, cell.File(run)))))
                    .Where(r => File.Exists(r.file))
                    .Select(r => (r.cell, run: JsonSerializer.Deserialize<DaemonsRun>(File.ReadAllText(r.file))!))
                    .ToList();
                var images = Directory.CreateDirectory(Path.Combine(root, "docs", "images")).FullName;
                foreach (var (name, picture) in Pictures.Of(runs.FirstOrDefault(r => r.run.Options.Way == Way.Plugin).run))
                    await File.WriteAllTextAsync(Path.Combine(images, name), picture, stop);
                var page = HarvestPage.Write(
                    [.. await Machine.DescribeAsync(), $"commit {await Machine.CommitAsync()}"],
                    [.. ReplayCell.All(ReplaySettings.Usual, null)],
                    [.. ForeseenCell.All(ReplaySettings.Usual, null)],
                    runs
                );
                await File.WriteAllTextAsync(Path.Combine(root, "docs", "harvest.md"), page, stop);
                Console.WriteLine(page);
                return 0;
            }
        );
        return command;
    }

    private static async Task<bool> MeasureAsync(string results, CancellationToken stop)
    {
        foreach (var cell in NamedCell.All)
        foreach (var one in cell.Runs)
        {
            var options = cell.Options(one);
            try
            {
                var run = await DaemonsCell.RunAsync(options, cell.Jobs(options), DaemonsCommand.Say, stop);
                Console.Error.WriteLine(Summary.Of(run));
                await File.WriteAllTextAsync(Path.Combine(results, cell.File(one)), JsonSerializer.Serialize(run), stop);
            }
            catch (Exception e) when (DaemonsCommand.IsOfDaemons(e))
            {
                await Console.Error.WriteLineAsync($"harvest: {cell.Name}, {one.Way}, seed {one.Seed}: {e.Message}");
                return false;
            }
        }
        return true;
    }
}
