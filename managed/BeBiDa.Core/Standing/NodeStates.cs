namespace BeBiDa.Standing;

/// <summary>Reads a node's state as Slurm's commands print it.</summary>
public static class NodeStates
{
    // As node_state_flag_string() in Slurm's src/common/slurm_protocol_defs.c writes them, of 22.05 to 26.05. Between them
    // stand plus signs, before them the state itself.
    private static readonly Dictionary<string, NodeConditions> s_conditions = new(StringComparer.Ordinal)
    {
        ["DOWN"] = NodeConditions.Down,
        ["DRAIN"] = NodeConditions.Drain,
        ["FAIL"] = NodeConditions.Fail,
        ["MAINTENANCE"] = NodeConditions.Maintenance,
        ["REBOOT_REQUESTED"] = NodeConditions.Reboot,
        ["REBOOT_ISSUED"] = NodeConditions.Reboot,
        ["POWER_DOWN"] = NodeConditions.Power,
        ["POWERING_DOWN"] = NodeConditions.Power,
        ["POWERED_DOWN"] = NodeConditions.Power,
        ["POWERING_UP"] = NodeConditions.Power,
    };

    /// <summary>What a state says of its node, apart from jobs.</summary>
    /// <param name="state">The state and its flags: <c>IDLE+DRAIN</c>. Words that are not known say nothing.</param>
    public static NodeConditions Read(string state) =>
        state.Split('+').Aggregate(NodeConditions.None, (all, word) => all | s_conditions.GetValueOrDefault(word));
}
