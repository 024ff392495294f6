using System.CommandLine;
using BeBiDa.Containers;
using BeBiDa.Demo;
using BeBiDa.EmbeddedApi;
using BeBiDa.Lab;
using BeBiDa.Site;

// The story: an application on all nodes, a job that takes two, the nodes' return, and what scripts take beside it.
var api = new Option<ApiServerKind>("--api")
{
    Description = "The Kubernetes API server: the embedded one, or a real one from KUBEBUILDER_ASSETS; the real one where there is one",
    DefaultValueFactory = _ => TestServers.All.Last(),
};
var oneHost = new Option<bool>("--one-host") { Description = "Without Docker: all daemons on this host, and no systemd" };
var command = new RootCommand("Shows BeBiDa's main job, and exits with 0 only if all of it held.") { api, oneHost };
command.SetAction(async arguments =>
{
    try
    {
        var narrator = new Narrator();
        var claims = new Claims();
        var why = arguments.GetValue(oneHost) ? "--one-host" : await ContainerLab.WhyNotAsync();
        if (why is null)
        {
            await using var lab = await ContainerLab.StartAsync(
                new ContainerLabOptions
                {
                    Nodes = 4,
                    Spank = true,
                    Api = arguments.GetValue(api),
                    Configuration = "eviction:\n  gracePeriod: 3s\n",
                }
            );
            await new MachineStory(lab, arguments.GetValue(api).ToString().ToLowerInvariant(), narrator, claims).TellAsync();
        }
        else
        {
            narrator.Say(
                "demo",
                $"no machines with systemd, for Docker does not run here ({why}): told on this host alone, so kubelet does not really stop"
            );
            await using var site = await Site.StartAsync(
                new SiteOptions
                {
                    Api = arguments.GetValue(api),
                    HandOver = HandOverBy.Plugin,
                    Configuration = "eviction:\n  gracePeriod: 3s\n",
                }
            );
            await new HostStory(site, narrator, claims).TellAsync();
        }
        await Comparison.RunAsync(arguments.GetValue(api), narrator, claims);
        narrator.Chapter($"Who had which node when, as a picture: {Picture.Path}");
        return claims.Print();
    }
    catch (Exception e) when (e is LabException or TimeoutException or DirectoryNotFoundException or FileNotFoundException)
    {
        Console.Error.WriteLine($"demo: {e.Message}");
        return 1;
    }
});
return await command.Parse(args).InvokeAsync();
