using System.CommandLine;
using System.Runtime.InteropServices;
using BeBiDa.Hollow;
using BeBiDa.Hollow.Api;
using BeBiDa.Hollow.Nodes;
using Microsoft.Extensions.Logging;

var kubeconfig = new Option<FileInfo>("--kubeconfig") { Description = "How to reach the API server", Required = true };
var nodes = new Option<string>("--nodes")
{
    Description = "The nodes to play, separated by commas; none where others play them",
    DefaultValueFactory = _ => "",
};
var kubeletOnly = new Option<bool>("--kubelet-only") { Description = "No scheduler and no controllers" };
var podSlices = new Option<DirectoryInfo[]>("--pod-slice")
{
    Description =
        "With --kubelet-only and one node: run a process for each pod, in a cgroup of its own below this one, such as /sys/fs/cgroup/kubepods.slice. Once for each hierarchy where there are several",
};
var lease = new Option<double>("--lease-seconds") { Description = "How often a node says that it lives", DefaultValueFactory = _ => 10 };
var grace = new Option<double>("--node-grace-seconds")
{
    Description = "After what silence a node's state is unknown",
    DefaultValueFactory = _ => 40,
};
var verbose = new Option<bool>("--verbose") { Description = "Log each step" };

var command = new RootCommand(
    "Plays the nodes of a Kubernetes cluster, and where no real one runs its scheduler and controllers, against an API server."
)
{
    kubeconfig,
    nodes,
    kubeletOnly,
    podSlices,
    lease,
    grace,
    verbose,
};
command.Validators.Add(arguments =>
{
    var one = arguments.GetValue(nodes) is { Length: > 0 } names && !names.Contains(',');
    if (arguments.GetValue(podSlices) is { Length: > 0 } && !(one && arguments.GetValue(kubeletOnly)))
        arguments.AddError("--pod-slice needs --kubelet-only and a single node");
});
command.SetAction(
    async (arguments, cancellationToken) =>
    {
        var log = new ConsoleLog(arguments.GetValue(verbose) ? LogLevel.Debug : LogLevel.Information);
        var path = arguments.GetValue(kubeconfig)!.FullName;
        var kubelet = new KubeletOptions { LeaseRenewal = TimeSpan.FromSeconds(arguments.GetValue(lease)) };
        var options = new HollowClusterOptions
        {
            Kubelet = kubelet,
            NodeMonitorGrace = TimeSpan.FromSeconds(arguments.GetValue(grace)),
        }.WithNodes(arguments.GetValue(nodes)!.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

        // Also while it starts, which takes long on a slow machine.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        try
        {
            if (arguments.GetValue(kubeletOnly))
            {
                var client = ApiClient.FromKubeconfig(path);
                var processes = arguments.GetValue(podSlices) is { Length: > 0 } slices
                    ? new PodProcesses([.. slices.Select(slice => slice.FullName)], log)
                    : null;
                // Never disposed: a kubelet that is told to end is gone at once, whatever it was about to do.
                await new HollowKubelets(client, options.Nodes, kubelet, log, processes).StartAsync(ending.Token);
                log.LogInformation("ready: {Count} kubelets", options.Nodes.Count);
                await Task.Delay(Timeout.Infinite, ending.Token);
            }
            else
            {
                await using var cluster = await HollowCluster.StartAsync(path, options, log, ending.Token);
                log.LogInformation("ready: {Count} nodes", options.Nodes.Count);
                await Task.Delay(Timeout.Infinite, ending.Token);
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // As it was told.
        }
        return 0;

        void End(PosixSignalContext signal)
        {
            signal.Cancel = true;
            ending.Cancel();
        }
    }
);
return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
